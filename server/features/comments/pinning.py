"""The comment that the host or a moderator pins above all others."""

from typing import Any

import msgspec

from server.features.comments.messages import CommentPin, CommentUnpin
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

_ANY = msgspec.msgpack.Decoder(Any)


class Pinning:
    """Pins comments, one at a time."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._events_max = settings.rooms.event_stream_len_max

    def handlers(self) -> Handlers:
        """The commands of a moderator."""
        return {
            CommentPin: Handler(self.pin, Role.MODERATOR),
            CommentUnpin: Handler(self.unpin, Role.MODERATOR),
        }

    async def pin(self, call: Call, cmd: CommentPin) -> Ok:
        """Pin a recent comment in the place of the one that was pinned before."""
        return await self._put(call, cmd, cmd.id)

    async def unpin(self, call: Call, cmd: CommentUnpin) -> Ok:
        """Unpin whatever is pinned."""
        return await self._put(call, cmd, "")

    async def _put(self, call: Call, cmd: Command, comment: str) -> Ok:
        args = {"id": comment, "by": call.who.user, "events_max": self._events_max}
        await self._store.run_script("comments.pin_comment", call.room_id, args, _ANY)
        return Ok(ref=cmd.ref)
