"""A room's phases: scheduled, live, ended."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from server.features.phases.messages import LiveEnd, LiveStart, Selling
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

_SET = msgspec.msgpack.Decoder(dict[str, Any])


class Phases:
    """Starts and ends streams. `close_sales(room_id)` closes what is still open at the end.

    `announce(room_id)` begins to tell people of a start; the sweeper would do so later.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        close_sales: Callable[[str], Awaitable[Any]],
        announce: Callable[[str], None],
    ) -> None:
        self._store = store
        self._events_max = settings.rooms.event_stream_len_max
        self._close_sales = close_sales
        self._announce = announce

    def handlers(self) -> Handlers:
        """The commands to go live and to end."""
        return {
            LiveStart: Handler(self.start, Role.HOST),
            LiveEnd: Handler(self.end, Role.HOST),
            Selling: Handler(self.selling, Role.HOST),
        }

    async def start(self, call: Call, cmd: LiveStart) -> Ok:
        """Go live."""
        await self._set(call, "live")
        self._announce(call.room_id)
        return Ok(ref=cmd.ref)

    async def end(self, call: Call, cmd: LiveEnd) -> Ok:
        """End the stream. Sales close, unless they go on; what is held may still be paid."""
        ended = await self._set(call, "ended", selling=cmd.selling)
        # If this worker dies in between, buys are refused all the same, since the script checks
        # the phase. The sweeper's pass over due sales closes the sales left open.
        if not ended["selling"]:
            await self._close_sales(call.room_id)
        return Ok(ref=cmd.ref)

    async def selling(self, call: Call, cmd: Selling) -> Ok:
        """Allow buying after the end, or forbid it, which closes open sales of an ended room."""
        args = {"on": cmd.on, "by": call.who.user, "events_max": self._events_max}
        now = await self._store.run_script("phases.selling", call.room_id, args, _SET)
        if now["close"]:
            await self._close_sales(call.room_id)
        return Ok(ref=cmd.ref)

    async def _set(self, call: Call, phase: str, *, selling: bool = False) -> dict[str, Any]:
        args = {
            "phase": phase,
            "selling": selling,
            "by": call.who.user,
            "events_max": self._events_max,
        }
        return await self._store.run_script("phases.set", call.room_id, args, _SET)
