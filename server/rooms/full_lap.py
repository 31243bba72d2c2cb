"""A slow lap over the lists of all rooms, seldom: the safety net under the index of awake rooms.

It finds rooms that neither sleep nor stand in the index, and rooms that sleep over pending work.
There are none, unless Redis lost writes of one shard but not of another, a server of an older
version changed rooms meanwhile, or a setting makes something pending that was not before.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Self

from server.background.repeating import Repeating
from server.rooms.awake_rooms import REST, Rest
from server.rooms.every_room import EveryRoom
from server.settings import Settings
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

_ASK_S = 60.0
"""How often a worker asks whether a lap is needed: one command."""
_RUNNING_S = 600.0
"""After so long another worker does the lap of one that has ended."""
_PAUSE_S = 0.5
"""The pause after each page of rooms, so that a lap takes a few percent of a core at most."""
_ROOMS_AT_ONCE = 8


class FullLap:
    """Does a lap every `rooms.full_lap_s`, and after a start; of all workers one does it.

    An async context manager around its loop. `pending_args` is what the features' parts of
    `room_rest` are told of the settings.
    """

    def __init__(
        self, store: RoomStore, settings: Settings, pending_args: Mapping[str, Any]
    ) -> None:
        self._store = store
        self._args = dict(pending_args)
        self._lap_s = settings.rooms.full_lap_s
        every_s = min(_ASK_S, self._lap_s)
        self._repeating = Repeating("full lap", self._lap_if_needed, every_s, first_s=0.0)
        self._troubles = self._repeating.troubles
        self._rooms = EveryRoom(store, self._troubles)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()

    async def _lap_if_needed(self) -> None:
        key, redis = self._store.keys.full_lap, self._store.redis
        if not await redis.set(key, "running", nx=True, px=_ms(min(_RUNNING_S, self._lap_s))):
            return
        found = await self.lap(_PAUSE_S)
        await redis.set(key, "done", px=_ms(self._lap_s))
        if found:
            _log.warning(
                "Found %d rooms, such as `%s`, that the index of awake rooms lacked; "
                "their work is done from now on.",
                *(len(found), found[0]),
            )

    async def lap(self, pause_s: float = 0.0) -> list[str]:
        """Wake every room that has to be awake and is not; return these. Raises CommandError,
        RedisError or OSError."""
        woken: list[str] = []
        async for page in self._rooms.pages():
            woken += await self._look_at(page)
            await asyncio.sleep(pause_s)
        return woken

    async def _look_at(self, listed: list[str]) -> list[str]:
        page = await self._not_away(listed)
        gate = asyncio.Semaphore(_ROOMS_AT_ONCE)
        rests = await asyncio.gather(*(self._rest_of(room_id, gate) for room_id in page))
        looked = [(each, rest) for each, rest in zip(page, rests, strict=True) if rest is not None]
        up = [room_id for room_id, rest in looked if rest.there and not rest.asleep]
        lacking = await self._not_indexed(up)
        if lacking:
            await self._store.wake(lacking)
        over_work = [(each, rest.asleep) for each, rest in looked if rest.asleep and rest.pending]
        for room_id, mark in over_work:
            await self._store.wake_from(room_id, mark)
        return [*lacking, *(room_id for room_id, _ in over_work)]

    async def _not_away(self, page: list[str]) -> list[str]:
        """The rooms that did not leave Redis: of these there are few, of the others ever more."""
        pipeline = self._store.redis.pipeline(transaction=False)
        for room_id in page:
            pipeline.hget(self._store.keys.room(room_id, "room"), "left")
        left = await pipeline.execute(raise_on_error=False)
        # One that is leaving may be woken, and one that can't be read is told of below.
        return [
            room_id
            for room_id, at in zip(page, left, strict=True)
            if not isinstance(at, bytes) or at.startswith(b"leaving:")
        ]

    async def _rest_of(self, room_id: str, gate: asyncio.Semaphore) -> Rest | None:
        """Return what is pending in a room; None if it can't be read, which stops no other."""
        async with gate:
            try:
                rest = await self._store.run_script("room_rest", room_id, self._args, REST)
            except Exception as error:
                self._troubles.failed(error, room_id)
                return None
        self._troubles.works(room_id)
        return rest

    async def _not_indexed(self, rooms: list[str]) -> list[str]:
        """Those of the rooms that are not in the index."""
        if not rooms:
            return []
        scores = await self._store.redis.zmscore(self._store.keys.awake, rooms)
        return [room_id for room_id, at in zip(rooms, scores, strict=True) if at is None]


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
