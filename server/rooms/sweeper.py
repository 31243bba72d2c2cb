"""Does what is due in rooms: holds that end, sales that start, and whatever features name.

Every worker sweeps. The scripts compare and set, so two sweepers do a thing once; and buying and
paying check the clock themselves, so a late sweep makes nobody's order wrong.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from msgspec import Struct, msgpack
from redis.exceptions import RedisError

from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.scripts import Scripts

_log = logging.getLogger(__name__)
_ROOMS_PER_LOOK = 100


@dataclass(frozen=True, kw_only=True)
class Due:
    """Work that falls due: the first member of the zset `key` of a room says when (ms).

    `script` is run with `args` until it changes less than a batch; or `work(room_id)` is awaited,
    and gives how many things it changed. `changed` hears how many there were.
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
    """Sweeps the rooms `here()` names every `sweep_interval_ms`, all rooms every `sweep_lap_s`.

    `dues` are what features have to do. Use it as an async context manager: the task lives as long
    as the block.
    """

    def __init__(
        self,
        scripts: Scripts,
        settings: Settings,
        dues: Sequence[Due],
        here: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._scripts = scripts
        self._limits = settings.orders
        self._args = {
            "batch_max": settings.orders.sweep_batch_max,
            "events_max": settings.rooms.event_stream_len_max,
        }
        self._dues = dues
        self._here = here
        self._task: asyncio.Task[None] | None = None
        self._leaving = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="sweeper")
        return self

    async def __aexit__(self, *exc: object) -> None:
        # Told twice, since a cancellation can drown in a Redis call that fails at that moment.
        self._leaving = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        lap_at = 0.0
        while not self._leaving:
            try:
                if time.monotonic() >= lap_at:
                    await self.sweep_all()
                    lap_at = time.monotonic() + self._limits.sweep_lap_s
                else:
                    await self.sweep(list(self._here()))
            except (CommandError, RedisError, OSError) as error:
                _log.warning("A sweep of holds and sales failed and is tried again: %s", error)
            except Exception:
                _log.exception("A sweep of holds and sales failed and is tried again.")
            await asyncio.sleep(self._limits.sweep_interval_ms / 1000)

    async def sweep_all(self) -> int:
        """Sweep every room there is; the number of holds and sales that changed."""
        changed = 0
        async for rooms in self._all_rooms():
            changed += await self.sweep(rooms)
        return changed

    async def sweep(self, rooms: list[str]) -> int:
        """Sweep these rooms; the number of holds and sales that changed."""
        changed = 0
        for start in range(0, len(rooms), _ROOMS_PER_LOOK):
            for due, room_id in await self._due(rooms[start : start + _ROOMS_PER_LOOK]):
                changed += await self._sweep_out(due, room_id)
        return changed

    async def _sweep_out(self, due: Due, room_id: str) -> int:
        """Do one thing in a room until nothing of it is due any more."""
        if due.work is not None:
            return await due.work(room_id)
        changed = 0
        while True:
            swept = await self._scripts.run(due.script, room_id, {**self._args, **due.args}, _SWEPT)
            changed += swept.changed
            if due.changed is not None:
                due.changed(swept.changed)
            if swept.changed < self._limits.sweep_batch_max:
                return changed

    async def _due(self, rooms: list[str]) -> list[tuple[Due, str]]:
        """What is due where, found with a few reads a room in one round trip."""
        keys = self._scripts.keys
        pipeline = self._scripts.redis.pipeline(transaction=False)
        looks = [(due, room) for room in rooms for due in self._dues]
        for due, room_id in looks:
            pipeline.zrange(keys.room(room_id, due.key), 0, 0, withscores=True)
        pipeline.time()
        *firsts, time_now = await pipeline.execute(raise_on_error=False)
        if isinstance(time_now, Exception):
            raise time_now
        now = time_now[0] * 1000 + time_now[1] // 1000
        # On a Cluster a shard may be down: its rooms have an error here, the others go on.
        return [
            look
            for look, first in zip(looks, firsts, strict=True)
            if isinstance(first, list) and first and first[0][1] <= now
        ]

    async def _all_rooms(self) -> AsyncIterator[list[str]]:
        cursor: Any = 0
        while True:
            cursor, found = await self._scripts.redis.zscan(
                self._scripts.keys.rooms, cursor, count=_ROOMS_PER_LOOK
            )
            yield [room.decode() for room, _ in found]
            if int(cursor) == 0:
                return
