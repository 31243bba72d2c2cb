"""One viewer's connection: reads frames and runs their commands; the hub writes to its transport.

The WebSocket protocol itself is websockets' Sans-I/O ServerProtocol, which is made when the first
bytes come that are not one plain frame. A connection has no task and no queue: commands run as
tasks of the edge, and unsent bytes wait in the transport.
"""

import asyncio
import logging
import math
from collections.abc import Sequence

from websockets.extensions.base import Extension
from websockets.frames import Frame, Opcode

from server.access.auth import BadToken, Identity, UnknownKey
from server.access.rate import Bucket
from server.edge.frame_reader import FrameReader
from server.edge.handshake import frame_reader, shake_hands
from server.edge.owner import Owner
from server.edge.plain_frame import plain_frame
from server.edge.plain_upgrade import PlainUpgrade
from server.edge.seat import Seat
from server.protocol.codec import UnreadableCommand
from server.protocol.codes import (
    BAD_MESSAGES,
    BAD_TOKEN,
    FLOOD,
    FORBIDDEN,
    INTERNAL,
    NO_JOIN,
    NO_ROOM,
    WRONG_KIND,
    Close,
    CommandError,
)
from server.protocol.joining import Join, Ping
from server.protocol.message import ByeEvent, Command, Err, Pong
from server.protocol.roles import Role
from server.rooms.call import Call
from server.rooms.dispatch import op_of
from server.rooms.room import Room

log = logging.getLogger(__name__)

BITE_BYTES = 2048
"""Bytes parsed before the limits are checked again: a few commands, or 340 empty pings."""
PING_FRAME = b"\x89\x00"
_CLOSED_BY = {"not_found": NO_ROOM, "forbidden": FORBIDDEN}
"""Refusals of a join that a retry can't change; after any other the client may try again."""


class Connection(Seat):
    """A connection, from its upgrade request to the end of its socket."""

    __slots__ = (
        "_after_close",
        "_bad",
        "_bucket",
        "_cookie_token",
        "_extensions",
        "_fragments",
        "_in_flight",
        "_join_by",
        "_joining",
        "_protocol",
        "_turn",
        "_waits",
        "heard_at",
    )

    def __init__(self, edge: "Owner[Connection]", address: str) -> None:
        super().__init__(edge, address)
        self._extensions: Sequence[Extension] | None = None
        """Set by a successful handshake, until the socket is gone."""
        self._protocol: FrameReader | None = None
        """Made for the first bytes that are not one plain frame, and for our own close."""
        self._cookie_token: str | None = None
        self._joining = False
        self._join_by = -math.inf
        self._waits = 0
        self._fragments: list[bytes] | None = None
        self._in_flight = 0
        self._after_close = 0
        self._turn: asyncio.Lock | None = None
        self._bad = 0
        self.heard_at = edge.loop.time()
        """Loop time of the last bytes from the peer."""
        self._bucket = Bucket(edge.settings.edge.commands_burst, self.heard_at)

    # The transport's side

    def shake_hands(self, head: bytes, plain: PlainUpgrade | None) -> None:
        """Answer the upgrade request; frames may follow it."""
        assert self._wire is not None
        shaken = shake_hands(head, plain, self._edge.settings)
        self._wire.write(shaken.answer)
        if shaken.accepted is None:
            self._edge.metrics.rejected.labels(str(shaken.status)).inc()
            self.transport = None
            self._wire.close()
            self._edge.closing.add(self)  # else an unread answer would keep the socket open
            return
        self.room_id, self.variant, self._cookie_token, self._extensions = shaken.accepted
        self._edge.waiting_for_join.add(self)

    def _reader(self) -> FrameReader:
        """The protocol, made at its first use: most connections send plain frames only."""
        if self._protocol is None:
            assert self._extensions is not None
            self._protocol = frame_reader(
                self._extensions, self._edge.settings.edge, self._on_frame
            )
        return self._protocol

    def data_received(self, data: bytes) -> None:
        if self._extensions is None:  # refused: what else it sends is not for us
            return
        self.heard_at = self._edge.loop.time()
        if self._protocol is None:
            frame = plain_frame(data, self._extensions, self._edge.settings.edge.frame_in_bytes_max)
            if frame is not None:
                self._on_frame(frame)
                return
        reader = self._reader()
        # In small pieces, so that the rate limit stops a flood of tiny frames before all of
        # them have been parsed.
        for start in range(0, len(data), BITE_BYTES):
            if self.transport is None and not self._may_say_goodbye(len(data)):
                break
            reader.receive_data(data[start : start + BITE_BYTES])
        self._flush()

    def _may_say_goodbye(self, size: int) -> bool:
        """Whether to read on after our close: the peer's close frame is short, a flood is not."""
        self._after_close += size
        if self._after_close <= BITE_BYTES:
            return True
        if self._wire is not None:
            self._wire.pause_reading()
        return False

    def eof_received(self) -> None:
        if self._protocol is not None:
            self._protocol.receive_eof()
            self._flush()
        elif self._extensions is not None and self._wire is not None:
            # What the protocol would do, were it made for this.
            self.transport = None
            self._wire.close()
            self._edge.closing.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._extensions = None
        if self._protocol is not None:
            self._protocol.forget()
            self._protocol = None
        super().connection_lost(exc)

    def _flush(self) -> None:
        assert self._protocol is not None
        for data in self._protocol.data_to_send():
            if self._wire is None:
                return
            if data:
                self._wire.write(data)
            else:
                self.transport = None
                self._wire.close()
        if self._protocol.close_rcvd is not None or self._protocol.parser_exc is not None:
            self.transport = None
            self._edge.closing.add(self)

    # Frames

    def _on_frame(self, frame: Frame) -> None:
        if self.transport is None or not self._within_rate(frame):
            return
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            if frame.opcode != self.variant.codec.opcode:
                self.close(WRONG_KIND)
            elif frame.fin:
                self._on_message(bytes(frame.data))
            else:
                self._fragments = [bytes(frame.data)]
        elif frame.opcode is Opcode.CONT and self._fragments is not None:
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                message, self._fragments = b"".join(self._fragments), None
                self._on_message(message)

    def _within_rate(self, frame: Frame) -> bool:
        """Count a frame of any kind. Over the limit refuse the command; far over it, close."""
        limits = self._edge.settings.edge
        level = self._bucket.take_token(limits.commands_per_s, limits.commands_burst, self.heard_at)
        if level >= 0 or frame.opcode is Opcode.CLOSE:
            return True
        if level <= 1 - limits.commands_burst:
            self.close(FLOOD)
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY) and frame.fin:
            self._refuse_rate(bytes(frame.data))
        else:
            return frame.opcode is not Opcode.PING
        return False

    def _refuse_rate(self, data: bytes) -> None:
        try:
            ref: int | None = self._edge.readers[self.variant.encoding].decode(data).ref
        except UnreadableCommand as exc:
            ref = exc.ref
        wait_ms = int((1 - self._bucket.level) / self._edge.settings.edge.commands_per_s * 1000)
        self._err(ref, CommandError("rate_limited", "Too many commands; wait.", wait_ms))
        if self.room is None:
            self._may_wait(wait_ms)

    # Commands

    def _on_message(self, data: bytes) -> None:
        try:
            cmd = self._edge.readers[self.variant.encoding].decode(data)
        except UnreadableCommand as exc:
            self._count_bad(exc.ref, exc.msg)
            return
        if isinstance(cmd, Join):
            self._on_join(cmd)
        elif self.room is None:
            self._count_bad(cmd.ref, f"Send `join` and wait for its reply before `{op_of(cmd)}`.")
        elif isinstance(cmd, Ping):
            self.send(Pong(ref=cmd.ref, now=self.room.now_ms()))
        elif self._edge.draining:
            self._err(cmd.ref, CommandError("unavailable", "This worker is going away.", 1000))
        elif self._in_flight >= self._edge.settings.edge.commands_in_flight_max:
            self._err(
                cmd.ref, CommandError("rate_limited", "Wait for replies to earlier commands.", 100)
            )
        else:
            self._in_flight += 1
            self._edge.start(self._run(cmd))

    def _count_bad(self, ref: int | None, msg: str) -> None:
        self._bad += 1
        self._err(ref, CommandError("bad_message", msg))
        if self._bad >= self._edge.settings.edge.bad_messages_max:
            self.close(BAD_MESSAGES)

    async def _run(self, cmd: Command) -> None:
        assert self.who is not None
        began_at = self._edge.loop.time()
        outcome = "ok"
        try:
            call = Call(self.room_id, self.who, self.source)
            if self.exempt and self._edge.dispatch.in_order(cmd):
                async with self._turns():
                    reply = await self._edge.dispatch.run_command(call, cmd)
            else:
                reply = await self._edge.dispatch.run_command(call, cmd)
            self.send(reply)
        except CommandError as exc:
            outcome = exc.code
            self._err(cmd.ref, exc)
        except Exception:
            outcome = "internal"
            log.exception("The command `%s` failed.", op_of(cmd))
            self._err(cmd.ref, CommandError("internal", "The server failed at this command."))
        finally:
            self._in_flight -= 1
        self._edge.count(op_of(cmd), outcome, began_at)

    def _turns(self) -> asyncio.Lock:
        """The lock that orders a host's or moderator's commands; made at its first use."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn

    def _err(self, ref: int | None, exc: CommandError) -> None:
        self.send(Err(ref=ref, code=exc.code, msg=exc.msg, retry_ms=exc.retry_ms))

    # Joining and leaving

    def _on_join(self, cmd: Join) -> None:
        if self._joining or self.room is not None:
            self._count_bad(cmd.ref, "This connection has joined already.")
            return
        if wait_ms := self._edge.join_wait_ms():
            busy = CommandError("rate_limited", "Many are joining; wait.", wait_ms)
            self._refuse_join(cmd, busy, None)
            return
        token = cmd.token or self._cookie_token
        try:
            who = self._edge.identify(token)
        except UnknownKey:
            assert token is not None
            self._joining = True
            self._edge.start(self._identify_late(token, cmd))
        except BadToken as exc:
            self._refuse_join(cmd, CommandError("bad_token", str(exc)), BAD_TOKEN)
        else:
            self._join_as(who, cmd)

    async def _identify_late(self, token: str, cmd: Join) -> None:
        """Go on with a join once the key of its token was looked for."""
        try:
            who = await self._edge.identify_late(token)
        except BadToken as exc:
            self._refuse_join(cmd, CommandError("bad_token", str(exc)), BAD_TOKEN)
        except CommandError as exc:
            self._refuse_join(cmd, exc, None)
        except Exception:
            log.exception("The key of a token could not be looked for.")
            failure = CommandError("internal", "The server failed at this join; try again.", 5000)
            self._refuse_join(cmd, failure, None)
        else:
            if self.transport is not None:
                self._join_as(who, cmd)

    def _join_as(self, who: Identity, cmd: Join) -> None:
        self.who = who
        if msg := who.why_not_in(self.room_id):
            self._refuse_join(cmd, CommandError("forbidden", msg), FORBIDDEN)
            return
        if (ban := self._edge.dispatch.ban_of(who, self.room_id)) is not None:
            self._refuse_join(cmd, CommandError("forbidden", ban.sentence), FORBIDDEN)
            return
        self.user, self.source = who.user, cmd.source
        self._joining = True
        edge, room = self._edge, self._edge.rooms.get(self.room_id)
        if room is None or room.is_over or edge.dispatch.may_be_gated(self.room_id):
            edge.start(self._join(who, cmd))
        else:
            self._join_open(room, edge.dispatch.known_to(who, room.host), cmd)

    def _join_open(self, room: Room, who: Identity, cmd: Join) -> None:
        """Join a room about which nothing must be asked first: nearly all joins are such."""
        began_at = self._edge.loop.time()
        self.who, self.exempt = who, who.role.at_least(Role.MODERATOR)
        self._edge.rooms.join_open(
            self,
            who,
            room,
            cmd,
            lambda room: self._entered(room, began_at),
            lambda exc: self._not_entered(cmd, exc, began_at),
        )

    async def _join(self, who: Identity, cmd: Join) -> None:
        began_at = self._edge.loop.time()
        try:
            self.who = who = await self._edge.known_in(who, self.room_id)
            self.exempt = who.role.at_least(Role.MODERATOR)
            await self._edge.rooms.join(
                self, who, self.room_id, cmd, lambda room: self._entered(room, began_at)
            )
        except CommandError as exc:
            self._not_entered(cmd, exc, began_at)
        except Exception:
            log.exception("A join of the room `%s` failed.", self.room_id)
            failure = CommandError("internal", "The server failed at this join; try again.", 5000)
            self._not_entered(cmd, failure, began_at)

    def _entered(self, room: Room, began_at: float) -> None:
        self._joining, self._cookie_token = False, None
        self.room = room
        self._edge.count("join", "ok", began_at)

    def _not_entered(self, cmd: Join, exc: CommandError, began_at: float) -> None:
        self._refuse_join(cmd, exc, _CLOSED_BY.get(exc.code))
        self._edge.count("join", exc.code, began_at)

    def _refuse_join(self, cmd: Join, exc: CommandError, why: Close | None) -> None:
        self._joining = False
        self._err(cmd.ref, exc)
        if why is not None:
            self.close(why)
        elif not self._may_wait(exc.retry_ms or 0):
            self.close(INTERNAL, exc.retry_ms, "This connection was told to wait too often.")

    def _may_wait(self, wait_ms: int) -> bool:
        """Give the client so long, and the time for a join from then on; not for ever."""
        self._waits += 1
        if self._waits > self._edge.settings.edge.join_waits_max:
            return False
        self._join_by = self._edge.loop.time() + wait_ms / 1000
        return True

    def join_is_due(self) -> None:
        """Close if the client has not joined in time, unless we told it to wait."""
        if self.room is not None or self.transport is None:
            return
        told_to_wait = self._edge.loop.time() < self._join_by + self._edge.settings.edge.join_s_max
        if self._joining or told_to_wait:  # a join under way may still be refused
            self._edge.waiting_for_join.add(self)
        else:
            self.close(NO_JOIN)

    def close(self, why: Close, reconnect_ms: int | None = None, msg: str = "") -> None:
        """Send `bye` and the close frame; cut the connection if the peer does not answer."""
        if self.transport is None or self._extensions is None:
            return
        self.send(ByeEvent(code=why.code, reconnect_ms=reconnect_ms, msg=msg))
        self._edge.metrics.closed.labels(str(why.code)).inc()
        self._reader().send_close(why.code, why.reason)
        self.transport = None
        self._flush()
        self._edge.closing.add(self)

    def is_silent_since(self, oldest: float) -> bool:
        """Whether not even a pong came from the peer since then (loop time)."""
        return self.heard_at < oldest

    def ping(self) -> None:
        """Send a ping to learn whether the peer is alive."""
        if self.transport is not None and not self.behind_since:
            self.transport.write(PING_FRAME)
