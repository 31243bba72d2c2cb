"""Does due work in rooms: ends holds, starts sales, and whatever else features declare.

Every worker sweeps. The scripts compare and set, so two sweepers do each piece of work only once.
Buying and paying check the clock themselves, so a late sweep makes no order wrong. A room that
can't be swept is skipped, and tried again after a pause.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from msgspec import Struct, msgpack

from server.background.repeating import Repeating
from server.rooms.awake_rooms import AwakeRooms
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

_ROOMS_PER_LOOK = 100
_ROOMS_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class Due:
    """Work that falls due at the lowest score (ms) in a room's zset `key`.

    A `pending.lua` must declare the key, so that the room is awake while the zset has a member.

    Either `script` runs with `args` until it changes less than a batch, or `work(room_id)` is
    awaited and returns the number of changes. `changed` is called with that number.
    """

    key: str
    script: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    work: Callable[[str], Awaitable[int]] | None = None
    changed: Callable[[int], None] | None = None


class _Swept(Struct):
    changed: int
    next: int


_SWEPT = msgpack.Decoder(_Swept)


class Sweeper:
    """Sweeps the rooms that are awake every `sweep_lap_s`: no work is due in others. In between,
    every `sweep_interval_ms`, it sweeps where this worker may just have left work, and the rooms of
    `here()` in which something waits to fall due.

    `dues` is the features' due work. Use it as an async context manager: its two loops run inside
    the block.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        dues: Sequence[Due],
        here: Callable[[], Iterable[str]] = tuple,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._limits = settings.orders
        self._args = {
            "batch_max": settings.orders.sweep_batch_max,
            "events_max": settings.rooms.event_stream_len_max,
        }
        self._dues = dues
        self._here = here
        self._metrics = metrics
        interval_s = self._limits.sweep_interval_ms / 1000
        self._sweeps = Repeating("sweeper", self._sweep_here, interval_s, first_s=0.0)
        self._laps = Repeating("sweeper lap", self._lap, self._limits.sweep_lap_s, first_s=0.0)
        self._troubles = self._sweeps.troubles
        self._awake_rooms = AwakeRooms(store, self._laps.troubles)
        self._pending: set[str] = set()
        """Rooms in which something waited to fall due at the last look."""
        store.mark_work_in(frozenset(due.key for due in dues))

    async def __aenter__(self) -> Self:
        self._sweeps.start()
        self._laps.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._sweeps.stop()
        await self._laps.stop()

    async def _sweep_here(self) -> None:
        marked = self._store.take_marked()
        looked = marked | self._pending.intersection(self._here())
        self._pending = set(looked)  # until a look says that nothing waits there
        await self.sweep(sorted(looked))

    async def _lap(self) -> None:
        await self.sweep_all()

    async def sweep_all(self) -> int:
        """Sweep every room that is awake; return the number of changes."""
        changed = visited = 0
        async for rooms in self._awake_rooms.pages():
            changed += await self.sweep(rooms)
            visited += len(rooms)
        if self._metrics is not None:
            self._metrics.rooms_awake.set(visited)
        return changed

    async def sweep(self, rooms: list[str]) -> int:
        """Sweep these rooms; return the number of changes.

        A failure in one room is logged, and the room is left for later. Raises when Redis does not
        answer at all.
        """
        changed = 0
        for start in range(0, len(rooms), _ROOMS_PER_LOOK):
            by_room: dict[str, list[Due]] = {}
            for due, room_id in await self._due(rooms[start : start + _ROOMS_PER_LOOK]):
                by_room.setdefault(room_id, []).append(due)
            gate = asyncio.Semaphore(_ROOMS_AT_ONCE)
            swept = (self._sweep_room(*each, gate) for each in by_room.items())
            changed += sum(await asyncio.gather(*swept))
        return changed

    async def _sweep_room(self, room_id: str, dues: list[Due], gate: asyncio.Semaphore) -> int:
        """Do what is due in a room, one kind after another; rooms don't wait for each other."""
        async with gate:
            return sum([await self._try(due, room_id) for due in dues])

    async def _try(self, due: Due, room_id: str) -> int:
        subject = f"{room_id} {due.key}"
        if not self._troubles.may_try(subject):
            return 0
        try:
            changed = await self._sweep_out(due, room_id)
        except Exception as error:
            self._troubles.failed(error, subject)
            return 0
        self._troubles.works(subject)
        return changed

    async def _sweep_out(self, due: Due, room_id: str) -> int:
        """Do one kind of due work in a room until none is left."""
        if due.work is not None:
            return await due.work(room_id)
        changed = 0
        while True:
            swept = await self._store.run_script(
                due.script, room_id, {**self._args, **due.args}, _SWEPT
            )
            changed += swept.changed
            if due.changed is not None:
                due.changed(swept.changed)
            if swept.changed < self._limits.sweep_batch_max:
                return changed

    async def _due(self, rooms: list[str]) -> list[tuple[Due, str]]:
        """Find which work is due in which rooms: a few reads per room, all in one round trip."""
        keys = self._store.keys
        rooms = [room_id for room_id in rooms if self._troubles.may_try(room_id)]
        pipeline = self._store.redis.pipeline(transaction=False)
        looks = [(due, room) for room in rooms for due in self._dues]
        for due, room_id in looks:
            pipeline.zrange(keys.room(room_id, due.key), 0, 0, withscores=True)
        pipeline.time()
        *firsts, time_now = await pipeline.execute(raise_on_error=False)
        if isinstance(time_now, Exception):
            raise time_now
        now = time_now[0] * 1000 + time_now[1] // 1000
        return [
            (due, room_id)
            for (due, room_id), first in self._readable(looks, firsts)
            if first and first[0][1] <= now
        ]

    def _readable(
        self, looks: list[tuple[Due, str]], firsts: list[Any]
    ) -> Iterator[tuple[tuple[Due, str], list[Any]]]:
        """Keep the answers that are no errors. On a Cluster a shard may be down: its rooms pause,
        the others go on."""
        pairs = zip(looks, firsts, strict=True)
        for room_id, of_room in itertools.groupby(pairs, key=lambda pair: pair[0][1]):
            found = list(of_room)
            errors = [first for _, first in found if isinstance(first, Exception)]
            if errors:
                self._troubles.failed(errors[0], room_id)
            else:
                self._troubles.works(room_id)
            if any(first for _, first in found):
                self._pending.add(room_id)
            else:
                self._pending.discard(room_id)
            yield from ((look, first) for look, first in found if isinstance(first, list))
