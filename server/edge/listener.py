"""The first bytes of a socket: WebSocket or plain HTTP? Both live on one port.

The head is looked at, not parsed: whoever gets the transport reads the same bytes again. Until
then the listener keeps the time and size limits that aiohttp has not.
"""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar, cast

from server.edge.handshake import is_upgrade, plain_response

if TYPE_CHECKING:
    from server.edge.edge import Edge

Proto = TypeVar("Proto", bound=asyncio.Protocol)


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
        if not is_upgrade(head):
            self._give_to(self._edge.new_http_protocol()).data_received(self._head)
        elif why := self._edge.why_full(self.address):
            self._edge.metrics.rejected.labels("full").inc()
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, why, retry_after=True)
        else:
            connection = self._give_to(self._edge.new_connection(self.address))
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
