"""A WebSocket connection under gevent: websockets' Sans-I/O client and a socket, no thread."""

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import gevent
from gevent import socket
from gevent.ssl import SSLContext
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

_READ_BYTES = 1 << 18
_FRAME_BYTES_MAX = 1 << 24


class ConnectError(Exception):
    """The server could not be reached, or refused; `status` is its HTTP status, or 0."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Closed(Exception):
    """The connection has ended; `code` is the close code, 1006 if there was none."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code} {reason}".strip())
        self.code = code


class Connection:
    """Opened by `open`, read by `read`; one greenlet at a time uses it."""

    def __init__(self, sock: socket.socket, protocol: ClientProtocol) -> None:
        self._sock = sock
        self._protocol = protocol
        self.bytes_in = 0

    @classmethod
    def open(cls, url: str, subprotocol: str, *, deflate: bool, timeout_s: float) -> "Connection":
        """Connect and upgrade. `url` is ws:// or wss://. Raises ConnectError."""
        factory = ClientPerMessageDeflateFactory(client_no_context_takeover=True)
        protocol = ClientProtocol(
            parse_uri(url),
            subprotocols=[Subprotocol(subprotocol)],
            extensions=[factory] if deflate else None,
            max_size=_FRAME_BYTES_MAX,
        )
        sock = None
        try:
            with gevent.Timeout(timeout_s, ConnectError(f"no answer within {timeout_s:g} s")):
                sock = _reach(url, timeout_s)
                connection = cls(sock, protocol)
                connection._upgrade()
                return connection
        except BaseException as error:
            if sock is not None:
                sock.close()
            if isinstance(error, OSError):
                raise ConnectError(f"can't connect: {error}") from None
            raise

    def _upgrade(self) -> None:
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        while True:
            data = self._sock.recv(_READ_BYTES)
            self._receive(data)
            if self._protocol.handshake_exc is not None:
                raise _refusal(self._protocol)
            if self._protocol.state is State.OPEN:
                # What came with the answer stays in the protocol for `read`.
                return
            if not data:
                raise ConnectError("the server closed the connection before it was upgraded")

    def send(self, payload: bytes, *, binary: bool) -> None:
        """Send one frame. Raises Closed."""
        if self._protocol.state is not State.OPEN:
            raise self._closed()
        if binary:
            self._protocol.send_binary(payload)
        else:
            self._protocol.send_text(payload)
        self._flush()

    def ping(self) -> None:
        """Send a ping; the pong is nobody's business."""
        self._protocol.send_ping(b"")
        self._flush()

    def read(self, timeout_s: float) -> list[bytes]:
        """The payloads that have come, waiting at most `timeout_s` for the first. Raises Closed."""
        payloads = list(self._payloads())
        if payloads:
            return payloads
        if self._protocol.state is not State.OPEN:
            raise self._closed()
        try:
            socket.wait_read(self._sock.fileno(), max(timeout_s, 0))
        except TimeoutError:
            return []
        try:
            data = self._sock.recv(_READ_BYTES)
        except OSError:
            data = b""
        self._receive(data)
        self._flush()
        payloads = list(self._payloads())
        if not payloads and not data:
            raise self._closed()
        return payloads

    def _payloads(self) -> Iterator[bytes]:
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
                yield bytes(event.data)

    def _receive(self, data: bytes) -> None:
        self.bytes_in += len(data)
        if data:
            self._protocol.receive_data(data)
        elif self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()

    def _flush(self) -> None:
        try:
            for data in self._protocol.data_to_send():
                if data:
                    self._sock.sendall(data)
        except OSError:
            raise self._closed() from None

    def _closed(self) -> Closed:
        received = self._protocol.close_rcvd
        if received is None:
            return Closed(1006, "")
        return Closed(int(received.code), received.reason)

    def close(self) -> None:
        """Say goodbye and go."""
        try:
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(1000)
                self._flush()
        except Closed:
            pass
        self._sock.close()

    def drop(self) -> None:
        """Go without a word, as a lost network does."""
        self._sock.close()


def _reach(url: str, timeout_s: float) -> socket.socket:
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    sock = socket.create_connection((parts.hostname or "", port), timeout_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if secure:
        context = SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        sock = context.wrap_socket(sock, server_hostname=parts.hostname)
    sock.settimeout(None)
    return sock


def _refusal(protocol: ClientProtocol) -> ConnectError:
    answers = [one for one in protocol.events_received() if isinstance(one, Response)]
    error = protocol.handshake_exc
    status = answers[0].status_code if answers else 0
    kind = "refused" if isinstance(error, InvalidHandshake) else "no WebSocket answer"
    return ConnectError(f"{kind}: {error}", status)
