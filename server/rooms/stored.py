"""A room in Redis: reads it whole, reads events after a position, starts a new epoch."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from server.protocol.message import Event
from server.rooms.shape import RoomShape, StreamPage
from server.rooms.state import RoomState
from server.store.bus import Position, Say
from server.store.room_store import RoomStore

PAGE = 500
"""Events per read."""

_EPOCH = msgspec.msgpack.Decoder(dict[str, Any])

LoadArgs = Callable[[str], Mapping[str, Any]]
StaffValues = Callable[[str], Awaitable[Sequence[Event]]]


class RoomReader:
    """Reads rooms into the types that the features define. Methods raise CommandError.

    `load_args` map a room's id to the arguments of the features' parts of `room_load`.
    `staff_values` read the values that only host and moderators see.
    """

    def __init__(
        self,
        store: RoomStore,
        shape: RoomShape,
        load_args: Sequence[LoadArgs],
        staff_values: Sequence[StaffValues],
    ) -> None:
        self.store = store
        self.shape = shape
        self._load_args = load_args
        self._staff_values = staff_values

    def args_of(self, room_id: str) -> dict[str, Any]:
        """Return the arguments of `room_load` for a room."""
        return {name: value for args in self._load_args for name, value in args(room_id).items()}

    async def read(self, room_id: str) -> tuple[RoomState, int]:
        """Read a copy of a room at one instant, and that instant (ms by the clock of Redis)."""
        args = self.args_of(room_id)
        loaded = await self.store.run_script("room_load", room_id, args, self.shape.loaded_decoder)
        return RoomState(self.shape, loaded, args), loaded.now

    async def staff_values(self, room_id: str) -> list[Event]:
        """Read the values that only host and moderators see; they are not in the stream."""
        return [event for read in self._staff_values for event in await read(room_id)]


class StoredRoom:
    """Reads one room. All methods raise CommandError, `not_found` if it does not exist."""

    def __init__(self, reader: RoomReader, room_id: str, random: Random) -> None:
        self._reader = reader
        self._store = reader.store
        self._room_id = room_id
        self._random = random
        self._clock_ahead_ms = 0.0

    def now_ms(self) -> int:
        """The time by Redis' clock, as of the last load."""
        return int(time.time() * 1000 + self._clock_ahead_ms)

    async def load(self) -> RoomState:
        """Read the whole room at one instant."""
        state, now = await self._reader.read(self._room_id)
        self._clock_ahead_ms = now - time.time() * 1000
        return state

    async def page(self, after: Position, count: int = PAGE) -> StreamPage:
        """Read the events after a position, and the end of the stream."""
        args = {"from_seq": after.seq, "from_sub": after.sub, "count": count}
        decoder = self._reader.shape.page_decoder
        return await self._store.run_script("room_events", self._room_id, args, decoder)

    async def events(self, after: Position, end: Position) -> AsyncIterator[Say[Any]]:
        """Yield the events after one position, up to another; also those to one user."""
        while after < end:
            page = await self.page(after, PAGE * 2)
            for say in page.events:
                if Position(say.seq, say.sub) <= end:
                    yield say
            if not page.events:
                return
            after = Position(page.events[-1].seq, page.events[-1].sub)

    async def for_staff(self) -> list[Event]:
        """Read the values that only host and moderators see; they are not in the stream."""
        return await self._reader.staff_values(self._room_id)

    async def renew_epoch(self, epoch: str, at: Position, *, forked: bool = False) -> None:
        """Start a new epoch, because Redis lost events that viewers already have: within one epoch
        a seq must not stand for two events. `forked` says that it has others in their place."""
        fresh = f"{self._random.getrandbits(64):016x}"
        args = {"epoch": epoch, "seq": at.seq, "sub": at.sub, "forked": forked, "fresh": fresh}
        await self._store.run_script("epoch_renew", self._room_id, args, _EPOCH)
