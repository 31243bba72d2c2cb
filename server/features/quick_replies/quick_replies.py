"""Quick replies: answers that a host saved, to be sent in one press."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct, msgpack

from server.features.quick_replies.messages import (
    QuickRepliesOk,
    QuickRepliesRead,
    QuickReply,
    QuickReplyRemove,
    QuickReplySave,
)
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.store.room_store import RoomStore

REPLIES_MAX = 50


class _Kept(Struct):
    replies: list[QuickReply]
    full: bool = False
    missing: bool = False


_KEPT = msgpack.Decoder(_Kept)


class QuickReplies:
    """The commands about saved answers. `host_of` names a room's host, to whom they belong."""

    def __init__(self, store: RoomStore, host_of: Callable[[str], Awaitable[str]]) -> None:
        self._store = store
        self._host_of = host_of

    def handlers(self) -> Handlers:
        """All of them are for host and moderators, who answer in the host's name."""
        return {
            QuickRepliesRead: Handler(self.read, Role.MODERATOR),
            QuickReplySave: Handler(self.save, Role.MODERATOR),
            QuickReplyRemove: Handler(self.remove, Role.HOST),
        }

    async def read(self, call: Call, cmd: QuickRepliesRead) -> Ok:
        """The host's saved answers."""
        return QuickRepliesOk(ref=cmd.ref, replies=await self._keep(call.room_id, {}))

    async def save(self, call: Call, cmd: QuickReplySave) -> Ok:
        """Save an answer, or change one; all of them as they are now."""
        reply = cmd.reply or f"a{secrets.token_hex(6)}"
        text = shown_text("text", cmd.text, len(cmd.text))
        args = {"reply": reply, "text": text, "is_new": cmd.reply is None}
        return QuickRepliesOk(ref=cmd.ref, replies=await self._keep(call.room_id, args))

    async def remove(self, call: Call, cmd: QuickReplyRemove) -> Ok:
        """Remove an answer; it does no harm if it is gone already."""
        args = {"reply": cmd.reply, "text": ""}
        return QuickRepliesOk(ref=cmd.ref, replies=await self._keep(call.room_id, args))

    async def _keep(self, room_id: str, args: dict[str, Any]) -> list[QuickReply]:
        args |= {"replies_max": REPLIES_MAX}
        host = await self._host_of(room_id)
        kept = await self._store.run_script("quick_replies.keep", host, args, _KEPT)
        if kept.full:
            why = f"A host can have {REPLIES_MAX} saved answers; remove one first."
            raise CommandError("limit_reached", why)
        if kept.missing:
            raise CommandError("not_found", f"There is no saved answer `{args['reply']}`.")
        return kept.replies
