"""The rooms as people look for them: live, then coming up, then ended.

One zset holds every listed room by its place, so a page of this order is one read, however many
rooms there are. It may lie in another slot than a room, so a room's place is written beside its
phase, not in one step with it. A place that got lost is given anew at the next reading; one that
is stale, when a page with it is read.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from redis.exceptions import RedisError

from server.protocol.codes import CommandError
from server.protocol.room import Phase
from server.store.reading import asked, reading
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

_BAND = 10**13
"""Places of one kind of rooms: more than any time in ms until the year 2286."""
NOWHERE = 4 * _BAND
"""The place of an id in the list of rooms that is no room, or not yet."""
MOVE_S_MAX = 1.0
"""Longest wait of a command for a place; less than a Cluster waits for a missing shard."""
_ROOMS_A_READ = 500
_FIELDS = ("phase", "created", "scheduled", "started", "ended")


def place_of(
    phase: Phase, *, created: int = 0, scheduled: int = 0, started: int = 0, ended: int = 0
) -> int:
    """Return a room's score; times in Unix ms, 0 for none. All scores are exact in a double.

    One band after the other: live rooms by the latest start, coming ones by the next start, those
    without a start by the first creation, ended ones by the latest end.
    """
    if phase == "live":
        return _BAND - started
    if phase == "scheduled":
        return _BAND + scheduled if scheduled else 2 * _BAND + created
    return 4 * _BAND - ended


class Lineup:
    """The zset of places."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    async def page(self, offset: int, count: int) -> dict[bytes, int]:
        """Return ids with their places, in this order. Raises CommandError `unavailable`."""
        with reading():
            listed, placed, found = await self._read(offset, count)
            if placed < listed and await self._place_some(listed - placed):
                _, _, found = await self._read(offset, count)
        return {raw: int(score) for raw, score in found}

    async def _read(self, offset: int, count: int) -> Any:
        """The number of listed rooms, that of places, and a page of these."""
        keys = self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        pipeline.zcount(keys.rooms, 0, "+inf")
        pipeline.zcard(keys.lineup)
        pipeline.zrange(keys.lineup, offset, offset + count - 1, withscores=True)
        return await pipeline.execute()

    async def enter(self, room_id: str, place: int) -> None:
        """Give a new room its place. Raises CommandError `unavailable`."""
        await asked(self._store.redis.zadd(self._store.keys.lineup, {room_id: place}, nx=True))

    async def move(self, places: Mapping[str, int]) -> None:
        """Give rooms other places; a failure is logged, as the next reader mends what is stale."""
        try:
            async with asyncio.timeout(MOVE_S_MAX):
                await asked(self._store.redis.zadd(self._store.keys.lineup, dict(places), xx=True))
        except (CommandError, TimeoutError) as error:
            _log.warning("The list shows %s late: %s", ", ".join(places), error or "no answer")

    async def _place_some(self, missing: int) -> bool:
        """Give so many listed rooms their place that have none, the newest first: an older version
        made them. Return whether some got one; if writing fails, readers go on without these."""
        redis, keys = self._store.redis, self._store.keys
        offset = placed = 0
        while placed < missing:
            page = await redis.zrevrangebyscore(
                keys.rooms, "+inf", 0, start=offset, num=_ROOMS_A_READ
            )
            if not page:
                break
            offset += len(page)
            scores = await redis.zmscore(keys.lineup, page)
            bare = [raw for raw, score in zip(page, scores, strict=True) if score is None]
            if not bare:
                continue
            pipeline = redis.pipeline(transaction=False)
            for raw in bare:
                pipeline.hmget(keys.room(raw.decode(errors="replace"), "room"), *_FIELDS)
            answers = await pipeline.execute(raise_on_error=False)
            places = {raw: _stored_place(each) for raw, each in zip(bare, answers, strict=True)}
            try:
                placed += await redis.zadd(keys.lineup, places, nx=True)
            except (RedisError, OSError) as error:
                _log.warning("%d rooms stay without a place in the list: %s", len(bare), error)
                break
        return placed > 0


def _stored_place(answer: Any) -> int:
    """The place of a room by its stored fields; NOWHERE if they can't be read."""
    if isinstance(answer, Exception) or answer[0] not in (b"live", b"scheduled", b"ended"):
        return NOWHERE
    phase: Phase = answer[0].decode()
    times = zip(_FIELDS[1:], answer[1:], strict=True)
    try:
        return place_of(phase, **{name: int(value or 0) for name, value in times})
    except ValueError:
        return NOWHERE
