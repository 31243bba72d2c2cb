"""Prompts: lines that the host's team puts on the host's screen."""

import secrets
from typing import Any

from msgspec import Struct, msgpack

from server.features.prompts.messages import (
    Prompt,
    PromptClear,
    PromptSend,
    PromptsEvent,
    PromptsOk,
    PromptsRead,
)
from server.protocol.message import Event, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.settings import Settings
from server.store.room_store import RoomStore

PROMPTS_MAX = 10
"""Lines on the screen; beyond it the oldest goes."""


class _Loaded(Struct):
    prompts: list[Prompt]


_LOADED = msgpack.Decoder(_Loaded)
_ANY = msgpack.Decoder(Any)


class Prompts:
    """The commands of host and moderators about prompts."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._texts = settings.rooms

    def handlers(self) -> Handlers:
        """All of them are for host and moderators."""
        return {
            PromptsRead: Handler(self.read, Role.MODERATOR),
            PromptSend: Handler(self.send, Role.MODERATOR),
            PromptClear: Handler(self.clear, Role.MODERATOR),
        }

    async def read(self, call: Call, cmd: PromptsRead) -> Ok:
        """Answer with what stands on the screen."""
        return PromptsOk(ref=cmd.ref, prompts=await prompts_of(self._store, call.room_id))

    async def send(self, call: Call, cmd: PromptSend) -> Ok:
        """Put a line there."""
        value = {
            "prompt": f"t{secrets.token_hex(6)}",
            "user": call.who.user,
            "name": call.who.name,
            "text": shown_text("text", cmd.text, len(cmd.text)),
        }
        await self._change("prompts.send", call, {"value": value, "prompts_max": PROMPTS_MAX})
        return Ok(ref=cmd.ref)

    async def clear(self, call: Call, cmd: PromptClear) -> Ok:
        """Take a line off; it does no harm if it is gone already."""
        await self._change("prompts.clear", call, {"prompt": cmd.prompt or ""})
        return Ok(ref=cmd.ref)

    async def _change(self, script: str, call: Call, args: dict[str, Any]) -> None:
        args |= {"events_max": self._texts.event_stream_len_max}
        await self._store.run_script(script, call.room_id, args, _ANY)


async def prompts_of(store: RoomStore, room_id: str) -> list[Prompt]:
    """The lines on the screen of a room's host, the newest last. Raises CommandError."""
    return (await store.run_script("prompts.read", room_id, {}, _LOADED)).prompts


async def read_staff_values(store: RoomStore, room_id: str) -> list[Event]:
    """The event that brings a screen up to date. Raises CommandError."""
    return [PromptsEvent(prompts=await prompts_of(store, room_id))]
