"""A room's phases: scheduled, live, ended."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from server.background.clock import unix_ms
from server.features.phases.messages import LiveCancel, LiveEnd, LiveStart, Selling
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.protocol.room import Phase
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import plain_text
from server.settings import Settings
from server.store.room_store import RoomStore

_SET = msgspec.msgpack.Decoder(dict[str, Any])


class Phases:
    """Starts, ends and cancels streams. `note(room_id, phase, at)` gives the room its place in the
    list, `note_not_waiting(room_id)` says that it waits for no start any more;
    `close_sales(room_id)` closes what is still open at the end.

    `announce(room_id)` begins to tell people of a start, or that there is none; the sweeper would
    do so later.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        note: Callable[[str, Phase, int], Awaitable[None]],
        note_not_waiting: Callable[[str], Awaitable[None]],
        *,
        close_sales: Callable[[str], Awaitable[Any]],
        announce: Callable[[str], None],
    ) -> None:
        self._store = store
        self._events_max = settings.rooms.event_stream_len_max
        self._text_chars_max = settings.rooms.text_chars_max
        self._note = note
        self._note_not_waiting = note_not_waiting
        self._close_sales = close_sales
        self._announce = announce

    def handlers(self) -> Handlers:
        """The commands to go live, to end and to cancel."""
        return {
            LiveStart: Handler(self.start, Role.HOST),
            LiveEnd: Handler(self.end, Role.HOST),
            LiveCancel: Handler(self.cancel, Role.HOST),
            Selling: Handler(self.selling, Role.HOST),
        }

    async def start(self, call: Call, cmd: LiveStart) -> Ok:
        """Go live."""
        # Noted before, too: if this worker dies in between, the list still shows a live room.
        await self._note(call.room_id, "live", unix_ms())
        await self._set(call, "live")
        await self._note_not_waiting(call.room_id)
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

    async def cancel(self, call: Call, cmd: LiveCancel) -> Ok:
        """Cancel a room that has not started: it ends, and its places are given back."""
        reason = plain_text(cmd.reason)
        if len(reason) > self._text_chars_max:
            raise CommandError(
                "too_long", f"`reason` can have {self._text_chars_max} characters here."
            )
        await self._set(call, "ended", cancel=True, reason=reason)
        await self._note_not_waiting(call.room_id)
        await self._close_sales(call.room_id)
        self._announce(call.room_id)
        return Ok(ref=cmd.ref)

    async def selling(self, call: Call, cmd: Selling) -> Ok:
        """Allow buying after the end, or forbid it, which closes open sales of an ended room."""
        args = {"on": cmd.on, "by": call.who.user, "events_max": self._events_max}
        now = await self._store.run_script("phases.selling", call.room_id, args, _SET)
        if now["close"]:
            await self._close_sales(call.room_id)
        return Ok(ref=cmd.ref)

    async def _set(self, call: Call, phase: Phase, **more: Any) -> dict[str, Any]:
        args = {
            **more,
            "phase": phase,
            "by": call.who.user,
            "events_max": self._events_max,
        }
        done = await self._store.run_script("phases.set", call.room_id, args, _SET)
        await self._note(call.room_id, phase, done["at"])
        return done
