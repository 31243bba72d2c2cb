"""A room as it stands in Redis: read whole, read on from a position, given a new epoch."""

import time
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import msgspec

from server.protocol.message import Event
from server.rooms.kept import STREAM_PAGE, StreamPage
from server.rooms.staff import read_staff_values
from server.rooms.state import ANSWERS_MAX, LOADED, LoadedRoom
from server.store.bus import Position, Say
from server.store.scripts import Scripts

PAGE = 500
"""Events read at once."""

_EPOCH = msgspec.msgpack.Decoder(dict[str, Any])


class StoredRoom:
    """Reads one room. All methods raise CommandError, `not_found` when it is not there."""

    def __init__(self, scripts: Scripts, room_id: str, recent_max: int, random: Random) -> None:
        self._scripts = scripts
        self._room_id = room_id
        self._recent_max = recent_max
        self._random = random
        self._clock_ahead_ms = 0.0

    def now_ms(self) -> int:
        """The time by Redis' clock, as of the last load."""
        return int(time.time() * 1000 + self._clock_ahead_ms)

    async def load(self) -> LoadedRoom:
        """All of the room as of one instant."""
        args = {"recent_max": self._recent_max, "answers_max": ANSWERS_MAX}
        loaded = await self._scripts.run("room_load", self._room_id, args, LOADED)
        self._clock_ahead_ms = loaded.now - time.time() * 1000
        return loaded

    async def page(self, after: Position, count: int = PAGE) -> StreamPage:
        """Events of the stream after a position, and where the stream stands."""
        args = {"from_seq": after.seq, "from_sub": after.sub, "count": count}
        return await self._scripts.run("room_events", self._room_id, args, STREAM_PAGE)

    async def to_the_room(self, after: Position, end: Position) -> AsyncIterator[Say]:
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
        return await read_staff_values(self._scripts, self._room_id)

    async def renew_epoch(self, epoch: str, at: Position) -> None:
        """Redis lost what viewers were told: a seq must not mean two things in one epoch."""
        fresh = f"{self._random.getrandbits(64):016x}"
        args = {"epoch": epoch, "seq": at.seq, "sub": at.sub, "fresh": fresh}
        await self._scripts.run("epoch_renew", self._room_id, args, _EPOCH)
