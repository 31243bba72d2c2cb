"""Likes: hearts added up and written once a batch."""

from typing import Any

import msgspec

from server.features.likes.messages import Like
from server.features.likes.settings import LikeSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

BATCH_MAX = 5000
WAITING_MAX = 50_000

_ANY = msgspec.msgpack.Decoder(Any)


class Likes:
    """Takes hearts."""

    def __init__(self, store: RoomStore, settings: Settings, metrics: Metrics) -> None:
        self._store = store
        self._limits = settings.section(LikeSettings)
        self._events_max = settings.rooms.event_stream_len_max
        self.batches: GroupCommit[int, None] = GroupCommit(
            "likes.add",
            self._add,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=WAITING_MAX,
            interval_s=settings.hub.tick_ms_max / 1000,
            keyed=True,
        )

    def handlers(self) -> Handlers:
        """The command to like."""
        return {Like: Handler(self.like, Role.VIEWER)}

    async def like(self, call: Call, cmd: Like) -> Ok:
        """Add hearts."""
        if cmd.n > self._limits.likes_per_command_max:
            raise CommandError(
                "limit_reached",
                f"`n` can be at most {self._limits.likes_per_command_max} here.",
            )
        await self.batches.submit(call.room_id, cmd.n)
        return Ok(ref=cmd.ref)

    async def _add(self, room_id: str, counts: list[int]) -> list[None]:
        args = {"n": sum(counts), "events_max": self._events_max}
        await self._store.run_script("likes.add", room_id, args, _ANY)
        return [None] * len(counts)
