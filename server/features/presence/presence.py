"""Presence: each worker reports its connections in a room; the script adds up all workers."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Self

import msgspec

from server.background.repeating import Repeating
from server.features.presence.settings import PresenceSettings
from server.protocol.codes import CommandError
from server.rooms.room import Room
from server.settings import Settings
from server.store.room_store import RoomStore

log = logging.getLogger(__name__)

_ANY = msgspec.msgpack.Decoder(Any)
REPORTS_AT_ONCE = 16
LAST_REPORT_S = 1.0


class Presence:
    """Reports every open room's count each `presence_interval_s`. An async context manager."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        worker_id: str,
        rooms: Callable[[], Iterable[Room]],
    ) -> None:
        self._store = store
        self._settings = settings.section(PresenceSettings)
        self._worker_id = worker_id
        self._rooms = rooms
        self._told: dict[str, tuple[int, float]] = {}
        interval_s = self._settings.presence_interval_s
        self._repeating = Repeating("presence", self.report, interval_s)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        # The worker that viewers connect to next counts them.
        await self._repeating.stop(LAST_REPORT_S)

    async def report(self) -> None:
        """Tell every room's count, if it changed or grows stale."""
        gate = asyncio.Semaphore(REPORTS_AT_ONCE)
        rooms = list(self._rooms())
        await asyncio.gather(*(self._report_room(room, gate) for room in rooms))
        open_ids = {room.room_id for room in rooms}
        for room_id in [r for r in self._told if r not in open_ids]:
            del self._told[room_id]

    async def _report_room(self, room: Room, gate: asyncio.Semaphore) -> None:
        count = len(room.audience)
        now = asyncio.get_running_loop().time()
        told, at = self._told.get(room.room_id, (-1, 0.0))
        fresh = now - at < self._settings.presence_stale_s / 3
        if count == told and fresh and not room.new_viewers:
            return
        viewers, room.new_viewers = room.new_viewers, set()
        args = {
            "worker": self._worker_id,
            "now_count": count,
            "viewers": list(viewers),
            "stale_ms": int(self._settings.presence_stale_s * 1000),
        }
        async with gate:
            try:
                await self._store.run_script("presence.report", room.room_id, args, _ANY)
            except CommandError as exc:
                room.new_viewers |= viewers
                log.debug("The presence in %s was not told: %s", room.room_id, exc.msg)
                return
            except Exception as error:
                room.new_viewers |= viewers
                self._repeating.troubles.failed(error, room.room_id)
                return
        self._repeating.troubles.works(room.room_id)
        self._told[room.room_id] = (count, now)
