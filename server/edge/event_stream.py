"""A member who listens by HTTP, where a network lets no WebSocket through: server-sent events.

The HTTP side reads the request and gives its socket to this module. From then on the member sits in
the room's audience like any other: it has a place among the connections, gets frames that all
streams of the room share, falls behind and is cut by the same rules. Only what it sends comes
otherwise: each command is a request of its own (`web.commands`), which any worker may answer.

The response has neither length nor chunks: it ends with its connection. So a frame has the same
bytes for all, also behind proxies that speak HTTP/1.0 to us.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

from server.access.auth import BadToken, Identity
from server.edge.owner import Owner
from server.edge.seat import Seat
from server.protocol.codes import BAD_TOKEN, FORBIDDEN, NO_ROOM, Close, CommandError
from server.protocol.joining import Join, Joined
from server.protocol.message import ByeEvent, Event
from server.protocol.roles import Role
from server.protocol.sent_events import HEARTBEAT, retry_line
from server.rooms.room import Room

log = logging.getLogger(__name__)

SAID_BYTES_MAX = 2048
"""Most bytes that a client may send after its request; it has nothing to say."""
_REFUSALS = {BAD_TOKEN: "bad_token", FORBIDDEN: "forbidden", NO_ROOM: "not_found"}
"""The errors that say over HTTP, before the join was answered, what these closes say after it."""


class Opening(NamedTuple):
    """The request for a stream: `join` is what a WebSocket's first command would say.

    `head` is the head of the response, `refusal` makes a whole response of why there is none.
    """

    room_id: str
    join: Join
    head: bytes
    refusal: Callable[[CommandError], bytes]


class EventStream(Seat):
    """A stream, from its request to the end of its socket. Its join is answered with the head."""

    __slots__ = ("_opening", "_said_bytes")

    def __init__(self, edge: Owner[Any], address: str, opening: Opening) -> None:
        super().__init__(edge, address)
        self.room_id = opening.room_id
        self.source = opening.join.source
        self._opening: Opening | None = opening
        """None once it was answered."""
        self._said_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._edge.metrics.event_streams.inc()
        # Nothing has to come back from the peer: the kernel notices when it acknowledges no more.
        sock, wait_s = transport.get_extra_info("socket"), self._edge.settings.edge.ping_timeout_s
        if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(wait_s * 1000))

    def connection_lost(self, exc: Exception | None) -> None:
        self._edge.metrics.event_streams.dec()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._said_bytes += len(data)
        if self._said_bytes > SAID_BYTES_MAX:
            self.cut()

    def eof_received(self) -> None:
        """Do nothing: the transport closes itself when the peer is gone."""

    # The join

    def begin(self) -> None:
        """Start to join the room."""
        self._edge.start(self._join())

    async def _join(self) -> None:
        assert self._opening is not None
        began_at, outcome = self._edge.loop.time(), "ok"
        try:
            await self._come_in(self._opening.join)
        except CommandError as refused:
            outcome = refused.code
            self._refuse(refused)
        except Exception:
            outcome = "internal"
            log.exception("A stream of the room `%s` could not be opened.", self.room_id)
            said = "The server failed at this join; try again."
            self._refuse(CommandError("internal", said, 5000))
        self._edge.count("join", outcome, began_at)

    async def _come_in(self, join: Join) -> None:
        if wait_ms := self._edge.join_wait_ms():
            raise CommandError("rate_limited", "Many are joining; wait.", wait_ms)
        who = self.who = await self._identified(join.token)
        self.user = who.user
        if why := who.why_not_in(self.room_id):
            raise CommandError("forbidden", why)
        who = self.who = await self._edge.known_in(who, self.room_id)
        self.exempt = who.role.at_least(Role.MODERATOR)
        await self._edge.rooms.join(self, who, self.room_id, join, self._entered)

    async def _identified(self, token: str | None) -> Identity:
        try:
            if token is None:
                return self._edge.identify(None)
            return await self._edge.identify_late(token)
        except BadToken as bad:
            raise CommandError("bad_token", str(bad)) from None

    def _entered(self, room: Room) -> None:
        self.room = room

    def send_joined(self, reply: Joined, room: bytes, *events: Event) -> None:
        """Write the head of the response, and the reply to the join as the first event."""
        if self.transport is None or self._opening is None:
            return
        self.variant = self.variant._replace(epoch=reply.epoch)
        beat = f": heartbeat every {self._edge.settings.edge.ping_interval_s:g} s\n"
        self.transport.write(self._opening.head + beat.encode())
        self._opening = None
        self._edge.metrics.event_stream_joins.inc()
        super().send_joined(reply, room, *events)

    def _refuse(self, why: CommandError) -> None:
        """Answer the request with the reason why there is no stream."""
        if self.transport is not None and self._opening is not None:
            self.transport.write(self._opening.refusal(why))
            self._opening = None
            self._shut()

    # The end

    def close(self, why: Close, reconnect_ms: int | None = None, msg: str = "") -> None:
        """Send `bye` and end the response; before the join was answered, refuse it."""
        if self.transport is None:
            return
        if self._opening is not None:
            code = _REFUSALS.get(why, "unavailable")
            said = msg or f"The stream can't be opened: {why.reason}."
            self._refuse(CommandError(code, said, reconnect_ms))
            return
        if reconnect_ms is not None:  # an EventSource reads it; it is part of the same event
            self.transport.write(retry_line(reconnect_ms))
        self.send(ByeEvent(code=why.code, reconnect_ms=reconnect_ms, msg=msg))
        self._edge.metrics.closed.labels(str(why.code)).inc()
        self._shut()

    def _shut(self) -> None:
        """Close once what was written is sent; cut the socket if the peer does not read it."""
        assert self._wire is not None
        self.transport = None
        self._wire.close()
        self._edge.closing.add(self)

    def is_silent_since(self, oldest: float) -> bool:  # noqa: ARG002  (others look at it)
        """Return False: nothing has to come from a client that listens."""
        return False

    def ping(self) -> None:
        """Send a comment, within the time that proxies wait for a byte."""
        if self.transport is not None and self._opening is None and not self.behind_since:
            self.transport.write(HEARTBEAT)
