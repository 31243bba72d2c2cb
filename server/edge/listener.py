"""Decides from a socket's first bytes whether it speaks WebSocket or plain HTTP, on one port.

The listener inspects the request head without consuming it: the protocol that takes over the
transport reads the same bytes again. Until then the listener enforces limits of time and size that
aiohttp lacks.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol, cast

from server.edge.connection import Connection
from server.edge.deadlines import Deadlines
from server.edge.event_stream import EventStream, Opening
from server.edge.handshake import is_upgrade, plain_response
from server.edge.places import Places
from server.edge.plain_upgrade import PlainUpgrade, plain_upgrade
from server.protocol.codes import CommandError
from server.protocol.joining import Join
from server.settings import Settings
from server.telemetry.metrics import Metrics

READ_BYTES_MIN = 16_384
"""Least bytes that a slow reader must read per `edge.unread_s_max`, else its socket is cut."""


class HttpSide(Protocol):
    """A protocol that answers plain HTTP, such as aiohttp's; sets `transport` to None when done."""

    transport: asyncio.Transport | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: BaseException | None) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool | None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class Reception(Protocol):
    """The part of the edge that sockets use which are not (yet) WebSockets."""

    settings: Settings
    metrics: Metrics
    loop: asyncio.AbstractEventLoop
    http_sockets: Places
    silent_sockets: Places
    waiting_for_head: Deadlines["Listener"]

    def new_http_protocol(self) -> HttpSide:
        """Make the HTTP side of a socket."""

    def new_connection(self, address: str) -> Connection:
        """Make the protocol for a socket that asked for a WebSocket."""

    def new_stream(self, address: str, opening: Opening) -> EventStream:
        """Make the protocol for a socket whose client wants to listen by HTTP."""

    def why_full(self, address: str) -> str:
        """Why this address may open no further connection now; empty if it may."""

    def why_full_of_http(self, address: str) -> str:
        """Why this address may open no further plain HTTP socket now; empty if it may."""

    def retry_after_s(self) -> int:
        """Seconds a refused client should wait."""

    def watch_unread(self, socket: "HttpSocket") -> None:
        """Call `unread_is_due` after `edge.unread_s_max`."""


class HttpSocket(asyncio.Protocol):
    """A socket that speaks plain HTTP: the edge counts it, and the HTTP side does everything else.

    Any of its requests may ask for a WebSocket; the HTTP side then calls `upgrade`.
    """

    __slots__ = ("_edge", "_http", "_paused_at", "_transport", "_unread_bytes", "address")

    def __init__(self, edge: Reception, address: str) -> None:
        self._edge = edge
        self._http = edge.new_http_protocol()
        self._transport: asyncio.Transport | None = None
        self._paused_at = 0.0
        """Loop time since which bytes have waited for the peer to read them; 0 if none wait."""
        self._unread_bytes = 0
        """The number of waiting bytes at the last check."""
        self.address = address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._edge.http_sockets.add(self.address)
        # The kernel's buffer is enough: bytes that don't fit into it mean a slow reader.
        self._transport.set_write_buffer_limits(high=0)
        self._http.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport, self._paused_at = None, 0.0
        self._edge.http_sockets.remove(self.address)
        self._http.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._http.data_received(data)

    def eof_received(self) -> bool | None:
        return self._http.eof_received()

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._paused_at = self._edge.loop.time()
            self._unread_bytes = self._transport.get_write_buffer_size()
            self._edge.watch_unread(self)
        self._http.pause_writing()

    def resume_writing(self) -> None:
        self._paused_at = 0.0
        self._http.resume_writing()

    def unread_is_due(self) -> None:
        """Cut the socket if it was paused for the whole wait and its peer read almost nothing."""
        now, bound_s = self._edge.loop.time(), self._edge.settings.edge.unread_s_max
        if self._transport is None or not self._paused_at or now - self._paused_at < bound_s * 0.99:
            return
        left = self._transport.get_write_buffer_size()
        if left > self._unread_bytes - READ_BYTES_MIN:
            self._edge.metrics.closed.labels("unread").inc()
            self._transport.abort()
        else:
            self._paused_at, self._unread_bytes = now, left
            self._edge.watch_unread(self)

    def upgrade(self, head: bytes, rest: bytes) -> None:
        """Turn the socket into a WebSocket, or refuse; the HTTP side gives it up either way.

        `head` is the head of the upgrade request, after all earlier requests were answered; `rest`
        is the bytes that followed it.
        """
        transport = self._transport
        if transport is None:
            return
        self._http.transport = None  # else the HTTP side would close the transport it gave up
        self._http.connection_lost(None)
        if len(head) > self._edge.settings.edge.request_head_bytes_max:
            why = "The request head is too big."
            transport.write(plain_response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, why))
            transport.close()
        elif connection := _as_websocket(self._edge, transport, self.address):
            self._transport = None
            self._edge.http_sockets.remove(self.address)
            if self._paused_at:
                connection.pause_writing()
            transport.resume_reading()
            _begin(connection, head, plain_upgrade(head), rest)

    def open_stream(
        self, room_id: str, join: Join, head: bytes, refusal: Callable[[CommandError], bytes]
    ) -> CommandError | None:
        """Give the socket to a stream of the room's events; return why not, if there is no place.

        The HTTP side gives the socket up, as for `upgrade`. `head` answers the request once the
        join is, `refusal` makes a whole response for one that is refused.
        """
        transport = self._transport
        if transport is None:
            return None
        if why := self._edge.why_full(self.address):
            self._edge.metrics.rejected.labels("full").inc()
            return CommandError("unavailable", why, self._edge.retry_after_s() * 1000)
        self._http.transport = None
        self._http.connection_lost(None)
        self._transport = None
        self._edge.http_sockets.remove(self.address)
        stream = self._edge.new_stream(self.address, Opening(room_id, join, head, refusal))
        transport.set_protocol(stream)
        stream.connection_made(transport)
        if self._paused_at:
            stream.pause_writing()
        transport.resume_reading()
        stream.begin()
        return None


def _as_websocket(edge: Reception, transport: asyncio.Transport, address: str) -> Connection | None:
    """Make the connection that takes over the transport; without a free place refuse: None."""
    if why := edge.why_full(address):
        _say_full(edge, transport, why)
        return None
    connection = edge.new_connection(address)
    transport.set_protocol(connection)
    connection.connection_made(transport)
    return connection


def _begin(connection: Connection, head: bytes, plain: PlainUpgrade | None, rest: bytes) -> None:
    connection.shake_hands(head, plain)
    if rest:
        connection.data_received(rest)


def _say_full(edge: Reception, transport: asyncio.Transport, why: str) -> None:
    edge.metrics.rejected.labels("full").inc()
    retry_after = f"Retry-After: {edge.retry_after_s()}"
    transport.write(plain_response(HTTPStatus.SERVICE_UNAVAILABLE, why, retry_after))
    transport.close()


class Listener(asyncio.Protocol):
    """Holds a new socket until its request head is complete, then passes it on."""

    __slots__ = ("_edge", "_head", "_transport", "address")

    def __init__(self, edge: Reception) -> None:
        self._edge = edge
        self._transport: asyncio.Transport | None = None
        """None before the connection is made, and after the socket is passed on."""
        self._head = b""
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        if why := self._edge.silent_sockets.why_full(self.address):
            _say_full(self._edge, made, why)
            return
        self._transport = made
        self._edge.silent_sockets.add(self.address)
        self._edge.waiting_for_head.add(self)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:  # refused: what else it sends is not for us
            return
        # Empty lines may precede a request (RFC 9112 section 2.2) but are no request: after one
        # the HTTP side would wait without a time-out.
        self._head = (self._head + data).lstrip(b"\r\n")
        end = self._head.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._head)) > self._edge.settings.edge.request_head_bytes_max:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request head is too big.")
        elif end >= 0:
            self._hand_on(end + len(b"\r\n\r\n"))

    def eof_received(self) -> None:
        """Do nothing: the transport closes itself when the peer is gone."""

    def connection_lost(self, _exc: Exception | None) -> None:
        self._let_go()

    def head_is_due(self) -> None:
        """Refuse the socket: its request head did not come in time."""
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request head took too long.")

    def _hand_on(self, head_end: int) -> None:
        head, rest = self._head[:head_end], self._head[head_end:]
        edge, all_of_it = self._edge, self._head
        transport = self._let_go()
        assert transport is not None
        plain = plain_upgrade(head)
        if plain is not None or is_upgrade(head):
            if connection := _as_websocket(edge, transport, self.address):
                _begin(connection, head, plain, rest)
        elif why := edge.why_full_of_http(self.address):
            _say_full(edge, transport, why)
        else:
            http = HttpSocket(edge, self.address)
            transport.set_protocol(http)
            http.connection_made(transport)
            http.data_received(all_of_it)

    def _let_go(self) -> asyncio.Transport | None:
        """Give up the socket and stop counting it as silent; return its transport."""
        transport, self._transport, self._head = self._transport, None, b""
        if transport is not None:
            self._edge.silent_sockets.remove(self.address)
        return transport

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        if (transport := self._let_go()) is not None:
            transport.write(plain_response(status, why))
            transport.close()
