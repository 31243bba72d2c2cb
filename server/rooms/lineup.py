"""The rooms as people look for them: live, then coming up, then ended.

One zset holds every listed room by its place, so a page of this order is one read, however many
rooms there are. It may lie in another slot than a room, so a room's place is written beside its
phase, not in one step with it. A place that got lost is given anew at the next reading; one that
is stale, when a page with it is read, or when its turn comes: readers walk through all places, some
at a time.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from redis.exceptions import RedisError

from server.background.clock import unix_ms
from server.protocol.codes import CommandError
from server.protocol.room import Phase
from server.rooms.cursor import Place
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
_LOOK_S = 5.0
"""A worker whose list is read looks for stale places so often."""
_LOOK_ROOMS = 200
"""Places it looks at then, of rooms that are live or to come, and of ended ones."""
_MAKING_MS_MAX = 60_000
"""A room that is listed so long, and is not there, is not being made any more."""
_FIELDS = ("phase", "created", "scheduled", "started", "ended")


BANDS: Mapping[Phase | None, tuple[str, str]] = {
    None: ("-inf", "+inf"),
    "live": ("-inf", str(_BAND)),
    "scheduled": (f"({_BAND}", f"({3 * _BAND}"),
    "ended": (str(3 * _BAND), "+inf"),
}
"""The least and the greatest place of each phase, as Redis reads ranges; None is of all."""
_AHEAD = ("-inf", f"({3 * _BAND}")


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

    def __init__(self, store: RoomStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._looked_at = clock()
        self._walked = {_AHEAD: 0, BANDS["ended"]: 0}
        """How many places of a range were looked at in this round."""

    async def page(self, offset: int, count: int) -> dict[bytes, int]:
        """Return ids with their places, in this order. Raises CommandError `unavailable`."""
        with reading():
            await self._place_missing()
            found = await self._store.redis.zrange(
                self._store.keys.lineup, offset, offset + count - 1, withscores=True
            )
            await self._look()
        return {raw: int(score) for raw, score in found}

    async def page_after(self, phase: Phase | None, after: Place | None, count: int) -> list[Place]:
        """Return the places of a phase after one of them, in this order, however many rooms stand
        before them. Raises CommandError `unavailable`."""
        least, greatest = BANDS[phase]
        with reading():
            await self._place_missing()
            skipped = 0
            if after is not None:
                least, skipped = str(after.score), await self._passed(after)
            found = await self._store.redis.zrangebyscore(
                self._store.keys.lineup, least, greatest, skipped, count, withscores=True
            )
            await self._look()
        return [Place(int(score), raw) for raw, score in found]

    async def _passed(self, after: Place) -> int:
        """Return how many rooms of this very score were shown: those up to this id, which may be
        gone."""
        redis, key, score = self._store.redis, self._store.keys.lineup, after.score
        low, high = 0, await redis.zcount(key, score, score)
        while low < high:
            middle = (low + high) // 2
            [room] = await redis.zrangebyscore(key, score, score, middle, 1) or [None]
            if room is not None and room <= after.room:
                low = middle + 1
            else:
                high = middle
        return low

    async def _place_missing(self) -> None:
        keys = self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        pipeline.zcount(keys.rooms, 0, "+inf")
        pipeline.zcard(keys.lineup)
        listed, placed = await pipeline.execute()
        if placed < listed:
            await self._place_some(listed - placed)

    async def _look(self) -> None:
        """Look at the next places, if it is time, and mend those that are stale. A failure is
        logged: the page that is being read is none the worse for it."""
        if self._clock() - self._looked_at < _LOOK_S:
            return
        self._looked_at = self._clock()
        try:
            for band in self._walked:
                await self._look_at(band)
        except (RedisError, OSError) as error:
            _log.warning("Stale places in the list are looked for later: %s", error)

    async def _look_at(self, band: tuple[str, str]) -> None:
        redis, keys = self._store.redis, self._store.keys
        walked = self._walked[band]
        found = await redis.zrangebyscore(keys.lineup, *band, walked, _LOOK_ROOMS, withscores=True)
        self._walked[band] = walked + len(found) if len(found) == _LOOK_ROOMS else 0
        if not found:
            return
        told = {raw: int(score) for raw, score in found}
        listed = await redis.zmscore(keys.rooms, list(told))
        since = unix_ms() - _MAKING_MS_MAX
        stale = {}
        for (raw, answer), made in zip(
            (await self._stored(list(told))).items(), listed, strict=True
        ):
            if isinstance(answer, Exception):
                continue  # its shard is down: that moves no room
            being_made = answer[0] is None and made is not None and made > since
            if not being_made and (now := _stored_place(answer)) != told[raw]:
                stale[raw] = now
        if stale:
            await redis.zadd(keys.lineup, stale, xx=True)

    async def _stored(self, rooms: list[bytes]) -> dict[bytes, Any]:
        """The fields of each room by which it has its place, or why they can't be read."""
        pipeline = self._store.redis.pipeline(transaction=False)
        for raw in rooms:
            key = self._store.keys.room(raw.decode(errors="replace"), "room")
            pipeline.hmget(key, *_FIELDS)
        answers = await pipeline.execute(raise_on_error=False)
        return dict(zip(rooms, answers, strict=True))

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

    async def _place_some(self, missing: int) -> None:
        """Give so many listed rooms their place that have none, the newest first: an older version
        made them. If writing fails, readers go on without these."""
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
            places = {raw: _stored_place(each) for raw, each in (await self._stored(bare)).items()}
            try:
                placed += await redis.zadd(keys.lineup, places, nx=True)
            except (RedisError, OSError) as error:
                _log.warning("%d rooms stay without a place in the list: %s", len(bare), error)
                break


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
