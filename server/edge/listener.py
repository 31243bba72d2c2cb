"""The first bytes of a socket: WebSocket or plain HTTP? Both live on one port.

The head is looked at, not parsed: whoever gets the transport reads the same bytes again. Until
then the listener keeps the time and size limits that aiohttp has not.
"""

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar, cast

from server.edge.handshake import is_upgrade, plain_response
from server.settings.sections import Edge as EdgeSettings

if TYPE_CHECKING:
    from server.edge.edge import Edge

Proto = TypeVar("Proto", bound=asyncio.Protocol)


class HttpSocket(asyncio.Protocol):
    """A socket that speaks plain HTTP: the edge counts it, all else is the HTTP side's."""

    __slots__ = ("_edge", "_http", "address")

    def __init__(self, edge: "Edge", address: str) -> None:
        self._edge = edge
        self._http = edge.new_http_protocol()
        self.address = address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._edge.http_sockets.add(self.address)
        self._http.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._edge.http_sockets.remove(self.address)
        self._http.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._http.data_received(data)

    def eof_received(self) -> bool | None:
        return self._http.eof_received()

    def pause_writing(self) -> None:
        self._http.pause_writing()

    def resume_writing(self) -> None:
        self._http.resume_writing()


class Places:
    """Counts sockets, and those of each address."""

    def __init__(self, limits: EdgeSettings) -> None:
        self._limits = limits
        self._taken = 0
        self._by_address: Counter[str] = Counter()

    def add(self, address: str) -> None:
        """A socket more."""
        self._taken += 1
        self._by_address[address] += 1

    def remove(self, address: str) -> None:
        """A socket less."""
        self._taken -= 1
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]

    def why_full(self, address: str) -> str:
        """Why there is no place for a socket of this address; empty if there is one."""
        if self._taken >= self._limits.connections_max:
            return f"This worker holds {self._limits.connections_max} connections already."
        per_address = self._limits.connections_per_address_max
        if per_address and self._by_address[address] >= per_address:
            return f"Your address has {per_address} connections already."
        return ""


class Listener(asyncio.Protocol):
    """Holds a new socket until its request head is complete, then hands it on."""

    __slots__ = ("_edge", "_head", "_transport", "address")

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self._edge.waiting_for_head.add(self)

    def data_received(self, data: bytes) -> None:
        # An empty line before a request is allowed (RFC 9112 section 2.2) but is none itself: the
        # HTTP side would wait behind it without a time-out.
        self._head = (self._head + data).lstrip(b"\r\n")
        end = self._head.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._head)) > self._edge.settings.edge.request_head_bytes_max:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request head is too big.")
        elif end >= 0:
            self._hand_on(end + len(b"\r\n\r\n"))

    def eof_received(self) -> None:
        """The peer is gone; the transport closes itself."""

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None

    def head_is_due(self) -> None:
        """The time to send a request head is over."""
        if self._transport is not None:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request head took too long.")

    def _hand_on(self, head_end: int) -> None:
        head, rest = self._head[:head_end], self._head[head_end:]
        is_http = not is_upgrade(head)
        edge = self._edge
        if why := edge.why_full_of_http(self.address) if is_http else edge.why_full(self.address):
            edge.metrics.rejected.labels("full").inc()
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, why, retry_after=True)
        elif is_http:
            self._give_to(HttpSocket(edge, self.address)).data_received(self._head)
        else:
            connection = self._give_to(edge.new_connection(self.address))
            connection.shake_hands(head)
            if rest:
                connection.data_received(rest)
        self._head = b""

    def _give_to(self, protocol: Proto) -> Proto:
        assert self._transport is not None
        transport, self._transport = self._transport, None
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        return protocol

    def _refuse(self, status: HTTPStatus, why: str, retry_after: bool = False) -> None:
        if self._transport is None:
            return
        headers = [f"Retry-After: {self._edge.retry_after_s()}"] if retry_after else []
        self._transport.write(plain_response(status, why, *headers))
        self._transport.close()
        self._transport = None
