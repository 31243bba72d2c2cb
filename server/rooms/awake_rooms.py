"""The rooms in which something can be due: those that repeated work visits.

A room with nothing pending is put to sleep, and then costs a worker nothing. A script that could
leave work there wakes it first (`store.room_store`).
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

from msgspec import Struct, msgpack

from server.background.repeating import Repeating
from server.background.troubles import Troubles
from server.rooms.room_pages import RoomPages
from server.store.room_store import RoomStore

REST_S = 30.0
"""How often rooms with nothing pending are looked for."""
STILL_S = 60.0
"""A room stays awake so long after it was woken, so that steady work does not wake it often."""
_ROOMS_AT_ONCE = 16


class Rest(Struct):
    """Whether something is pending in a room, the mark under which it sleeps ('': awake), whether
    there is such a room, and by which features something is pending in one that is leaving."""

    pending: bool
    asleep: str
    there: bool
    by: str = ""


class _Forgotten(Struct):
    forgotten: int


REST = msgpack.Decoder(Rest)
_FORGOTTEN = msgpack.Decoder(_Forgotten)


class AwakeRooms:
    """Reads the index of the rooms that are awake, and reports to `troubles` what it can't read."""

    def __init__(self, store: RoomStore, troubles: Troubles) -> None:
        self._store = store
        self._index = RoomPages(store, store.keys.awake, "the index of awake rooms", troubles)

    async def pages(self) -> AsyncIterator[list[str]]:
        """Yield the rooms' ids, a page at a time; a room may come twice.

        Rooms that this worker changed while the index was unreachable come too. Raises RedisError
        or OSError.
        """
        async for page in self._index.pages():
            yield [room_id for room_id, _ in page]
        if self._store.unindexed:
            yield list(self._store.unindexed)

    async def woken_before(self, until_ms: int) -> AsyncIterator[list[tuple[str, int]]]:
        """Yield rooms, with their scores, that were last woken before a time (Unix ms)."""
        async for page in self._index.pages():
            yield [(room_id, score) for room_id, score in page if score < until_ms]


class Resting:
    """Puts rooms to sleep in which nothing is pending. An async context manager around its loop.

    `pending_args` is what the features' parts are told of the settings. A room sleeps no sooner
    than `still_s` after it was woken.
    """

    def __init__(
        self,
        store: RoomStore,
        pending_args: Mapping[str, Any],
        still_s: float = STILL_S,
        every_s: float = REST_S,
    ) -> None:
        self._store = store
        self._args = dict(pending_args)
        self._still_ms = int(still_s * 1000)
        self._repeating = Repeating("resting", self._round, every_s)
        self._troubles = self._repeating.troubles
        self._awake = AwakeRooms(store, self._troubles)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()

    async def _round(self) -> None:
        await self.rest_all()

    async def rest_all(self) -> int:
        """Put to sleep what can be; return how many rooms left the index. Raises CommandError,
        RedisError or OSError."""
        await self._store.wake_unindexed()
        seconds, _ = await self._store.redis.time()
        gate, left = asyncio.Semaphore(_ROOMS_AT_ONCE), 0
        async for page in self._awake.woken_before(seconds * 1000 - self._still_ms):
            rested = await asyncio.gather(*(self._rest(room_id, gate) for room_id, _ in page))
            left += await self.forget(list(itertools.compress(page, rested)))
        return left

    async def _rest(self, room_id: str, gate: asyncio.Semaphore) -> bool:
        """Put a room to sleep unless something is pending; a failure there leaves it awake."""
        async with gate:
            if not self._troubles.may_try(room_id):
                return False
            try:
                rest = await self.rest(room_id)
            except Exception as error:
                self._troubles.failed(error, room_id)
                return False
        self._troubles.works(room_id)
        return not rest.pending

    async def rest(self, room_id: str) -> Rest:
        """Mark a room as asleep unless something is pending. It stays in the index as yet."""
        args = {**self._args, "mark": secrets.token_hex(8)}
        return await self._store.run_script("room_rest", room_id, args, REST)

    async def forget(self, rooms: list[tuple[str, int]]) -> int:
        """Take rooms out of the index whose scores, read before they were marked, still stand."""
        if not rooms:
            return 0
        done = await self._store.run_script("rooms_forget", "", {"rooms": rooms}, _FORGOTTEN)
        return done.forgotten
