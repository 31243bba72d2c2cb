"""Presence: each worker reports its connections in a room; the script adds up all workers."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Self

import msgspec

from server.background.repeating import Repeating
from server.features.presence.settings import PresenceSettings
from server.protocol.codes import CommandError
from server.rooms.room import Room
from server.settings import Settings
from server.store.room_store import RoomStore

_ANY = msgspec.msgpack.Decoder(Any)
REPORTS_AT_ONCE = 16
LAST_REPORT_S = 1.0


class _Report(msgspec.Struct):
    """What a worker told last: its connections, and when (ms by the clock of Redis)."""

    n: int
    at: int


_REPORT = msgspec.msgpack.Decoder(_Report)


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
        self._repeating = Repeating("presence", self._round, interval_s)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        # The worker that viewers connect to next counts them.
        await self._repeating.stop(LAST_REPORT_S)

    async def stays(self, store: RoomStore, room_id: str) -> str:
        """Say that a room must stay in Redis because somebody is in it, or ''."""
        pipeline = store.redis.pipeline(transaction=False)
        pipeline.hvals(store.keys.room(room_id, "presence"))
        pipeline.time()
        reports, (seconds, _) = await pipeline.execute()
        fresh_ms = (int(seconds) - self._settings.presence_stale_s) * 1000
        told = [_REPORT.decode(raw) for raw in reports]
        here = sum(report.n for report in told if report.at > fresh_ms)
        return f"{here} are in it" if here else ""

    async def _round(self) -> None:
        """Report the rooms that do not pause after a failure."""
        may_try = self._repeating.troubles.may_try
        await self.report(lambda room: may_try(room.room_id))

    async def report(self, now: Callable[[Room], bool] = lambda _: True) -> None:
        """Tell every room's count, if it changed or grows stale; only of rooms that are `now`."""
        gate = asyncio.Semaphore(REPORTS_AT_ONCE)
        rooms = list(self._rooms())
        await asyncio.gather(*(self._report_room(room, gate) for room in rooms if now(room)))
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
            except Exception as error:  # the other rooms are told all the same
                if isinstance(error, CommandError) and error.code == "not_found":
                    room.maybe_lost()  # what said that the room was deleted
                    return
                room.new_viewers |= viewers
                self._repeating.troubles.failed(error, room.room_id)
                return
        self._repeating.troubles.works(room.room_id)
        self._told[room.room_id] = (count, now)
