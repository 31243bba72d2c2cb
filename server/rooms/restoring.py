"""Brings a room back to Redis when somebody needs it.

`RoomStore` calls it when a script is refused because the room has left. Of several that want the
same room, one writes; the others wait for it.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct, msgpack

from server.background.clock import unix_ms
from server.background.repeating import Errands
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable
from server.records.retired import note_back, read_parts
from server.rooms.packing import packed_items
from server.store.room_store import UNAVAILABLE_RETRY_MS, RoomStore
from server.telemetry.metrics import Metrics

LOCK_MS = 15_000
"""How long an attempt that has stopped, as with its worker, keeps others from trying."""
LOOK_AGAIN_S = 0.05
WAIT_S_MAX = 60.0
"""Longest wait for another attempt."""

T = TypeVar("T")


class _Begun(Struct):
    snapshot: str
    wait: bool


class _Written(Struct):
    written: bool


class _Back(Struct):
    back: bool


_BEGUN = msgpack.Decoder(_Begun)
_WRITTEN = msgpack.Decoder(_Written)
_BACK = msgpack.Decoder(_Back)


class Restorer:
    """Restores rooms; `restore` may be called for the same room many times at once."""

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        metrics: Metrics,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._store = store
        self._records = records
        self._metrics = metrics
        self._clock = clock
        self._errands = Errands("restoring", answered=(CommandError,))
        self._running: dict[str, asyncio.Task[None]] = {}

    async def aclose(self) -> None:
        """Stop what is under way; another worker begins it again."""
        await self._errands.aclose()

    async def restore(self, room_id: str) -> None:
        """Return once the room is in Redis, with all it had when it left.

        Raises CommandError `unavailable` if that can't be done now, as while the records are away.
        """
        task = self._running.get(room_id)
        if task is None:
            task = self._running[room_id] = self._errands.start(self._restore(room_id), room_id)
            task.add_done_callback(lambda _: self._running.pop(room_id, None))
        await asyncio.shield(task)

    async def _restore(self, room_id: str) -> None:
        token = secrets.token_hex(8)
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                snapshot = await self._begin(room_id, token)
        except TimeoutError:
            raise _overtaken(room_id) from None
        if not snapshot:
            return
        try:
            await self._write(room_id, snapshot, token)
        except (RecordsAway, RecordsUnusable) as away:
            raise CommandError(
                "unavailable",
                f"The room `{room_id}` is kept in the records, which do not answer now; nothing "
                "was changed.",
                UNAVAILABLE_RETRY_MS,
            ) from away

    async def _begin(self, room_id: str, token: str) -> str:
        """Take the lock of a room; return its snapshot, or '' once the room is in Redis."""
        while True:
            args = {"token": token, "lock_ms": LOCK_MS}
            begun = await self._store.run_script("restore_begin", room_id, args, _BEGUN)
            if not begun.wait:
                return begun.snapshot
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _write(self, room_id: str, snapshot: str, token: str) -> None:
        attempt: dict[str, Any] = {"token": token, "snapshot": snapshot}
        seen: set[str] = set()
        async for part in read_parts(self._records, snapshot):
            args = attempt | {
                "lock_ms": LOCK_MS,
                "key": part.key,
                "kind": part.kind,
                "items": packed_items(part),
                "first": part.key not in seen,
            }
            seen.add(part.key)
            written = await self._store.run_script("restore_part", room_id, args, _WRITTEN)
            if not written.written:
                raise _overtaken(room_id)
        if not seen:
            raise CommandError(
                "internal",
                f"The room `{room_id}` left Redis, and its snapshot {snapshot} is not in the "
                "records: restore their backup.",
            )
        # Before it is back: a room that is called away would never be retired again. The other way
        # round, the next attempt to retire it finds that it is away.
        async with self._records.writing() as connection:
            await note_back(connection, room_id, self._clock())
        back = await self._store.run_script("restore_end", room_id, attempt, _BACK)
        if not back.back:
            raise _overtaken(room_id)
        self._metrics.records_restored_rooms.inc()


def _overtaken(room_id: str) -> CommandError:
    return CommandError(
        "unavailable",
        f"Another worker brings the room `{room_id}` back; nothing was changed.",
        UNAVAILABLE_RETRY_MS,
    )
