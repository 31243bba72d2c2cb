"""A room as it stands in Redis: read whole, read on from a position, given a new epoch."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from server.protocol.message import Event
from server.rooms.shape import RoomShape, StreamPage
from server.rooms.state import RoomState
from server.store.bus import Position, Say
from server.store.scripts import Scripts

PAGE = 500
"""Events read at once."""

_EPOCH = msgspec.msgpack.Decoder(dict[str, Any])

LoadArgs = Callable[[str], Mapping[str, Any]]
StaffValues = Callable[[str], Awaitable[Sequence[Event]]]


class RoomReader:
    """Reads rooms in the shape that the features give them. Methods raise CommandError.

    `load_args` are functions of a room's id: the arguments of what features add to `room_load`.
    `staff_values` read what only host and moderators see.
    """

    def __init__(
        self,
        scripts: Scripts,
        shape: RoomShape,
        load_args: Sequence[LoadArgs],
        staff_values: Sequence[StaffValues],
    ) -> None:
        self.scripts = scripts
        self.shape = shape
        self._load_args = load_args
        self._staff_values = staff_values

    def args_of(self, room_id: str) -> dict[str, Any]:
        """What a room is loaded with."""
        return {name: value for args in self._load_args for name, value in args(room_id).items()}

    async def read(self, room_id: str) -> tuple[RoomState, int]:
        """A copy of a room as of one instant, and that instant (ms by the clock of Redis)."""
        args = self.args_of(room_id)
        loaded = await self.scripts.run("room_load", room_id, args, self.shape.loaded_decoder)
        return RoomState(self.shape, loaded, args), loaded.now

    async def staff_values(self, room_id: str) -> list[Event]:
        """The values only host and moderators see, which are not in the stream."""
        return [event for read in self._staff_values for event in await read(room_id)]


class StoredRoom:
    """Reads one room. All methods raise CommandError, `not_found` when it is not there."""

    def __init__(self, reader: RoomReader, room_id: str, random: Random) -> None:
        self._reader = reader
        self._scripts = reader.scripts
        self._room_id = room_id
        self._random = random
        self._clock_ahead_ms = 0.0

    def now_ms(self) -> int:
        """The time by Redis' clock, as of the last load."""
        return int(time.time() * 1000 + self._clock_ahead_ms)

    async def load(self) -> RoomState:
        """All of the room as of one instant."""
        state, now = await self._reader.read(self._room_id)
        self._clock_ahead_ms = now - time.time() * 1000
        return state

    async def page(self, after: Position, count: int = PAGE) -> StreamPage:
        """Events of the stream after a position, and where the stream stands."""
        args = {"from_seq": after.seq, "from_sub": after.sub, "count": count}
        decoder = self._reader.shape.page_decoder
        return await self._scripts.run("room_events", self._room_id, args, decoder)

    async def to_the_room(self, after: Position, end: Position) -> AsyncIterator[Say[Any]]:
        """What was told to the whole room after one position, up to another."""
        while after < end:
            page = await self.page(after, PAGE * 2)
            for say in page.events:
                if not say.user and Position(say.seq, say.sub) <= end:
                    yield say
            if not page.events:
                return
            after = Position(page.events[-1].seq, page.events[-1].sub)

    async def for_staff(self) -> list[Event]:
        """The values only host and moderators see, which are not in the stream."""
        return await self._reader.staff_values(self._room_id)

    async def renew_epoch(self, epoch: str, at: Position) -> None:
        """Redis lost what viewers were told: a seq must not mean two things in one epoch."""
        fresh = f"{self._random.getrandbits(64):016x}"
        args = {"epoch": epoch, "seq": at.seq, "sub": at.sub, "fresh": fresh}
        await self._scripts.run("epoch_renew", self._room_id, args, _EPOCH)
