"""The WebSocket handshake: reads room, variant, cookie and origin from the upgrade request."""

import logging
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

from websockets.exceptions import NegotiationError
from websockets.extensions.base import Extension
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import ExtensionParameter, Subprotocol

from server.access.auth import session_token
from server.access.origin import is_own_origin
from server.edge.frame_reader import FrameReader
from server.hub.member import Variant
from server.protocol.codec import SUBPROTOCOLS, Encoding
from server.settings import Settings
from server.settings.sections import Edge as EdgeSettings

# websockets logs every connection at INFO, which for a room of 15,000 would fill the log.
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.ERROR)


class _SharedDeflate(ServerPerMessageDeflateFactory):
    """Declines an offer that asks the server for a smaller window than that of `codec.deflate`.

    A compressed broadcast has the same bytes for all, so all need its window of 2^15 bytes.
    """

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        if any(name == "server_max_window_bits" and bits != "15" for name, bits in params):
            raise NegotiationError("the server's window is 15 bits")
        return super().process_request_params(params, accepted_extensions)


# Neither side keeps a compression window between messages. So a compressed broadcast has the same
# bytes for all, and each connection saves 64 KiB or more.
_DEFLATE = _SharedDeflate(server_no_context_takeover=True, client_no_context_takeover=True)

_VERSION = "13"
_ROOM_PATH = re.compile(r"/v1/rooms/([^/]+)/ws")
# A target may be absolute; its host then replaces the Host header (RFC 9112 section 3.2.2).
_TARGET = re.compile(r"(?:(?:https?|wss?)://([^/?#]*))?([^?#]*).*", re.IGNORECASE)
_ROOM_ID = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")


class Accepted(NamedTuple):
    """The result of a successful handshake, and the open protocol for the frames after it."""

    room_id: str
    variant: Variant
    cookie_token: str | None
    protocol: FrameReader


class Handshake(NamedTuple):
    """The answer to an upgrade request: its bytes, its HTTP status, and the result on success."""

    answer: bytes
    status: int
    accepted: Accepted | None


def plain_response(status: HTTPStatus, why: str, *headers: str) -> bytes:
    """Build an HTTP response that ends its socket; `why` is the body."""
    body = why.encode() + b"\n"
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def is_upgrade(head: bytes) -> bool:
    """Whether an HTTP request head asks for a WebSocket on a room."""
    line, _, fields = head.partition(b"\r\n")
    parts = line.split(b" ")
    if len(parts) != 3 or not _ROOM_PATH.fullmatch(_path(parts[1].decode("latin-1"))):
        return False
    offered = re.findall(rb"(?im)^upgrade:([^\r\n]*)", fields)
    return _names_websocket(value.decode("latin-1") for value in offered)


def _names_websocket(upgrades: Iterable[str]) -> bool:
    """Whether the `Upgrade` headers list `websocket`, in any letter case (RFC 9110 7.8)."""
    return any(
        protocol.strip().lower() == "websocket"
        for value in upgrades
        for protocol in value.split(",")
    )


def _path(target: str) -> str:
    """Return the decoded path of a request target."""
    match = _TARGET.fullmatch(target)
    return unquote(match[2]) if match else ""


def shake_hands(head: bytes, settings: Settings) -> Handshake:
    """Answer a complete request head.

    The protocol object that parses the request keeps it, with its headers, for its whole life:
    2.6 KB a connection. So that object is used for the handshake only, and a fresh one reads the
    frames, with the negotiated settings.
    """
    greeter = ServerProtocol(
        extensions=[_DEFLATE] if settings.edge.deflate else None,
        select_subprotocol=_select_subprotocol,
        logger=_quiet,
    )
    greeter.receive_data(head)
    request = next((e for e in greeter.events_received() if isinstance(e, Request)), None)
    if request is None:  # no valid HTTP; the greeter may have prepared an answer
        status = HTTPStatus.BAD_REQUEST
        answer = b"".join(greeter.data_to_send())
        return Handshake(answer or plain_response(status, "This is not HTTP."), status, None)
    if _names_websocket(request.headers.get_all("Upgrade")):
        del request.headers["Upgrade"]  # websockets accepts it only as the single value
        request.headers["Upgrade"] = "websocket"
    accepted = None
    own_origin = _is_own_origin(request, settings)
    response = _refuse(greeter, request, settings.edge, own_origin) or greeter.accept(request)
    greeter.send_response(response)
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        accepted = Accepted(
            _room_id(request.path) or "",
            Variant(
                SUBPROTOCOLS.get(greeter.subprotocol or "", Encoding.JSON),
                deflate=bool(greeter.extensions),
            ),
            session_token(request.headers.get_all("Cookie")) if own_origin else None,
            _open_protocol(greeter, settings.edge),
        )
    return Handshake(b"".join(greeter.data_to_send()), response.status_code, accepted)


def _open_protocol(greeter: ServerProtocol, settings: EdgeSettings) -> FrameReader:
    protocol = FrameReader(state=State.OPEN, max_size=settings.frame_in_bytes_max, logger=_quiet)
    protocol.extensions = greeter.extensions
    return protocol


def _refuse(
    greeter: ServerProtocol, request: Request, settings: EdgeSettings, own_origin: bool
) -> Response | None:
    if len(request.headers.get_all("Host")) != 1:  # RFC 9112 section 3.2
        return greeter.reject(HTTPStatus.BAD_REQUEST, "Send one Host header.\n")
    if _room_id(request.path) is None:
        return greeter.reject(HTTPStatus.NOT_FOUND, "There is no such room id.\n")
    if not _origin_allowed(request, settings, own_origin):
        return greeter.reject(
            HTTPStatus.FORBIDDEN, "This web origin may not connect; see edge.origins.\n"
        )
    if request.headers.get_all("Sec-WebSocket-Version") not in ([], [_VERSION]):
        response = greeter.reject(
            HTTPStatus.UPGRADE_REQUIRED, f"Only version {_VERSION} of WebSocket is spoken here.\n"
        )
        response.headers["Upgrade"] = "websocket"
        response.headers["Sec-WebSocket-Version"] = _VERSION  # RFC 6455 section 4.4
        return response
    return None


def _select_subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    if not offered:
        return None
    for name in offered:
        if name in SUBPROTOCOLS:
            return name
    raise NegotiationError(f"offer one of the subprotocols {', '.join(SUBPROTOCOLS)}")


def _room_id(path: str) -> str | None:
    match = _ROOM_PATH.fullmatch(_path(path))
    room_id = match[1] if match else ""
    return room_id if _ROOM_ID.fullmatch(room_id) else None


def _is_own_origin(request: Request, settings: Settings) -> bool:
    """Whether a page of this server sent the request."""
    origins, hosts = request.headers.get_all("Origin"), request.headers.get_all("Host")
    if len(origins) != 1 or len(hosts) != 1:
        return False
    target = _TARGET.fullmatch(request.path)
    host = (target and target[1]) or hosts[0]
    return is_own_origin(origins[0], host, settings.server.public_url)


def _origin_allowed(request: Request, settings: EdgeSettings, own_origin: bool) -> bool:
    origins = request.headers.get_all("Origin")
    if not origins or own_origin or "*" in settings.origins:
        return True
    return all(origin in settings.origins for origin in origins)
