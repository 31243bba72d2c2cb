"""A room's phases: scheduled, live, ended."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from server.protocol.commands import LiveEnd, LiveStart
from server.protocol.events import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.scripts import Scripts

_ANY = msgspec.msgpack.Decoder(Any)


class Phases:
    """Starts and ends streams. `close_sales(room_id)` closes what is still open at the end."""

    def __init__(
        self,
        scripts: Scripts,
        settings: Settings,
        close_sales: Callable[[str], Awaitable[Any]],
    ) -> None:
        self._scripts = scripts
        self._events_max = settings.rooms.event_stream_len_max
        self._close_sales = close_sales

    def handlers(self) -> Handlers:
        """The commands to go live and to end."""
        return {
            LiveStart: Handler(self.start, Role.HOST),
            LiveEnd: Handler(self.end, Role.HOST),
        }

    async def start(self, call: Call, cmd: LiveStart) -> Ok:
        """Go live."""
        await self._set(call, "live")
        return Ok(ref=cmd.ref)

    async def end(self, call: Call, cmd: LiveEnd) -> Ok:
        """End the stream. Sales close; what is held may still be paid."""
        await self._set(call, "ended")
        # If this worker dies in between, nothing can be bought all the same: buying asks for the
        # phase. The sweeper's pass over due sales closes what was left open.
        await self._close_sales(call.room_id)
        return Ok(ref=cmd.ref)

    async def _set(self, call: Call, phase: str) -> None:
        args = {"phase": phase, "by": call.who.user, "events_max": self._events_max}
        await self._scripts.run("room_phase", call.room_id, args, _ANY)
