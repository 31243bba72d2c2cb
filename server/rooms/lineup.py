"""The rooms as people look for them: live, then coming up, then ended.

One zset holds every listed room by its place, so a page of this order is one read, however many
rooms there are. It may lie in another slot than a room, so a room's place is written beside its
phase, not in one step with it. A place that got lost or is stale is mended when it is read.
"""

import logging
from collections.abc import Mapping
from typing import Any

from server.protocol.codes import CommandError
from server.protocol.room import Phase
from server.store.reading import asked, reading
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

_SOME_TIME = 5_000_000_000_000
"""Added to the creation time of a room without a start, so that it comes after all with one."""
_ENDED = 1_000_000_000_000_000
NOWHERE = 5 * _ENDED
"""The place of an id in the list of rooms that is no room, or not yet."""
_ROOMS_A_READ = 500
_FIELDS = ("phase", "created", "scheduled", "started", "ended")


def place_of(
    phase: Phase, *, created: int = 0, scheduled: int = 0, started: int = 0, ended: int = 0
) -> int:
    """Return a room's score; times in Unix ms. All scores are exact in a double.

    Live rooms stand by the latest start, coming ones by the next start, ended ones by the latest
    end.
    """
    if phase == "live":
        return -started
    if phase == "scheduled":
        return scheduled or _SOME_TIME + created
    return _ENDED - ended


class Lineup:
    """The zset of places."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    async def page(self, offset: int, count: int) -> dict[bytes, int]:
        """Return ids with their places, in this order. Raises CommandError `unavailable`."""
        keys = self._store.keys
        with reading():
            pipeline = self._store.redis.pipeline(transaction=False)
            pipeline.zcount(keys.rooms, 0, "+inf")
            pipeline.zcard(keys.lineup)
            listed, placed = await pipeline.execute()
            if placed < listed:  # an older version made rooms, or a worker died while making one
                await self._place_all()
            found = await self._store.redis.zrange(
                keys.lineup, offset, offset + count - 1, withscores=True
            )
        return {raw: int(score) for raw, score in found}

    async def enter(self, room_id: str, place: int) -> None:
        """Give a new room its place. Raises CommandError `unavailable`."""
        await asked(self._store.redis.zadd(self._store.keys.lineup, {room_id: place}, nx=True))

    async def move(self, places: Mapping[str, int]) -> None:
        """Give rooms other places; a failure is logged, as the next reader mends what is stale."""
        try:
            await asked(self._store.redis.zadd(self._store.keys.lineup, dict(places), xx=True))
        except CommandError as error:
            _log.warning("The list shows %s late: %s", ", ".join(places), error.msg)

    async def _place_all(self) -> None:
        """Give every listed room that has no place its own."""
        redis, keys = self._store.redis, self._store.keys
        offset = 0
        while True:
            found = await redis.zrangebyscore(
                keys.rooms, 0, "+inf", start=offset, num=_ROOMS_A_READ
            )
            if not found:
                return
            offset += len(found)
            pipeline = redis.pipeline(transaction=False)
            for raw in found:
                pipeline.hmget(keys.room(raw.decode(errors="replace"), "room"), *_FIELDS)
            answers = await pipeline.execute(raise_on_error=False)
            places = {raw: _stored_place(each) for raw, each in zip(found, answers, strict=True)}
            await redis.zadd(keys.lineup, places, nx=True)


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
