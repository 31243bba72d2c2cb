"""Changes a room's own fields, and keeps the lists true to them."""

from typing import Any

from msgspec import UNSET, msgpack

from server.features.details.messages import RoomChange
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.directory import Directory, must_be_ahead
from server.rooms.zones import must_be_zone
from server.settings import Settings
from server.store.room_store import RoomStore

_ANY = msgpack.Decoder(Any)
_CLEARED = {"scheduled": 0, "stream_url": "", "embed_url": "", "cover": ""}
"""What is stored of a field that a room may be without."""


class Details:
    """Takes `room.change`."""

    def __init__(self, store: RoomStore, settings: Settings, directory: Directory) -> None:
        self._store = store
        self._events_max = settings.rooms.event_stream_len_max
        self._directory = directory

    def handlers(self) -> Handlers:
        """The command of this module."""
        return {RoomChange: Handler(self.change, Role.HOST)}

    async def change(self, call: Call, cmd: RoomChange) -> Ok:
        """Change what the command names; everybody in the room is told once, and lists follow."""
        changes = self._changes(cmd)
        await must_be_zone(changes.get("time_zone"))
        publish = changes.get("draft") is False
        if publish:
            # Before: a public room that is in no list would be found by nobody.
            await self._directory.list_draft(call.room_id)
        args = {"changes": changes, "by": call.who.user, "events_max": self._events_max}
        await self._store.run_script("details.change", call.room_id, args, _ANY)
        if publish:
            await self._directory.note_public(call.room_id)
        if "scheduled" in changes:
            await self._directory.note_start(call.room_id)
        return Ok(ref=cmd.ref)

    def _changes(self, cmd: RoomChange) -> dict[str, Any]:
        given: dict[str, Any] = {
            name: getattr(cmd, name) for name in (*_CLEARED, "title", "draft", "time_zone")
        }
        changes: dict[str, Any] = {
            name: _CLEARED[name] if value is None else value
            for name, value in given.items()
            if value is not UNSET
        }
        if "title" in changes:
            changes["title"] = self._directory.shown_title(changes["title"])
        must_be_ahead(changes.get("scheduled", 0))
        return changes
