"""Review: comments that wait until a moderator shows them or throws them away."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from server.features.comments.comments import recent_comments_max
from server.features.comments.messages import CommentView, ReviewDrop, ReviewPass
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

Shown = Callable[[str, CommentView], Awaitable[None]]


class _Passed(msgspec.Struct):
    """The result of `review_pass`."""

    comment: CommentView


_PASSED = msgspec.msgpack.Decoder(_Passed)
_ANY = msgspec.msgpack.Decoder(Any)


class Review:
    """Decides about held comments. `shown(room_id, comment)` is called when one is shown."""

    def __init__(self, store: RoomStore, settings: Settings, shown: Shown | None = None) -> None:
        self._store = store
        self._settings = settings
        self._shown = shown

    def handlers(self) -> Handlers:
        """The two decisions."""
        return {
            ReviewPass: Handler(self.pass_, Role.MODERATOR),
            ReviewDrop: Handler(self.drop, Role.MODERATOR),
        }

    async def pass_(self, call: Call, cmd: ReviewPass) -> Ok:
        """Show a held comment as if it were said now."""
        recent_max = recent_comments_max(self._settings, call.room_id)
        args = self._args(call, cmd.id) | {"recent_max": recent_max}
        passed = await self._store.run_script("comments.pass_held", call.room_id, args, _PASSED)
        if self._shown is not None:
            await self._shown(call.room_id, passed.comment)
        return Ok(ref=cmd.ref)

    async def drop(self, call: Call, cmd: ReviewDrop) -> Ok:
        """Throw a held comment away."""
        await self._store.run_script(
            "comments.drop_held", call.room_id, self._args(call, cmd.id), _ANY
        )
        return Ok(ref=cmd.ref)

    def _args(self, call: Call, comment: str) -> dict[str, Any]:
        events_max = self._settings.rooms.event_stream_len_max
        return {"id": comment, "by": call.who.user, "events_max": events_max}
