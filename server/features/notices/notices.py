"""Notices: a line that everybody is shown."""

from typing import Any

import msgspec

from server.features.notices.messages import Notice
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import plain_text
from server.settings import Settings
from server.store.room_store import RoomStore

_ANY = msgspec.msgpack.Decoder(Any)


class Notices:
    """Takes notices."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._limits = settings.rooms

    def handlers(self) -> Handlers:
        """The command of a moderator."""
        return {Notice: Handler(self.notice, Role.MODERATOR)}

    async def notice(self, call: Call, cmd: Notice) -> Ok:
        """Show a line to everybody; an empty one takes the last away."""
        text = plain_text(cmd.text)
        most = self._limits.text_chars_max
        if len(text) > most:
            raise CommandError("too_long", f"A notice can have {most} characters.")
        args = {
            "text": text,
            "by": call.who.user,
            "events_max": self._limits.event_stream_len_max,
        }
        await self._store.run_script("notices.put", call.room_id, args, _ANY)
        return Ok(ref=cmd.ref)
