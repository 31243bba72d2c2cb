"""The WebSocket handshake: which room, which variant, whose cookie, from which origin."""

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

# websockets logs every connection at INFO; a room of 15,000 would log nothing else.
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.ERROR)


class _SharedDeflate(ServerPerMessageDeflateFactory):
    """Declines an offer that asks the server for a smaller window than `codec.deflate` has.

    A compressed broadcast is the same for all, so its window is too: 2^15 bytes.
    """

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        if any(name == "server_max_window_bits" and bits != "15" for name, bits in params):
            raise NegotiationError("the server's window is 15 bits")
        return super().process_request_params(params, accepted_extensions)


# Neither side keeps a compression window between messages: that makes a compressed broadcast the
# same for all, and spares 64 KiB or more a connection.
_DEFLATE = _SharedDeflate(server_no_context_takeover=True, client_no_context_takeover=True)

_VERSION = "13"
_ROOM_PATH = re.compile(r"/v1/rooms/([^/]+)/ws")
# A target may be absolute; its host then stands for the Host header (RFC 9112 section 3.2.2).
_TARGET = re.compile(r"(?:(?:https?|wss?)://([^/?#]*))?([^?#]*).*", re.IGNORECASE)
_ROOM_ID = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")


class Accepted(NamedTuple):
    """What a good handshake says, and the open protocol that goes on from there."""

    room_id: str
    variant: Variant
    cookie_token: str | None
    protocol: FrameReader


class Handshake(NamedTuple):
    """The answer to an upgrade request: its bytes, its HTTP status, and what it leads to."""

    answer: bytes
    status: int
    accepted: Accepted | None


def plain_response(status: HTTPStatus, why: str, *headers: str) -> bytes:
    """An HTTP response after which the socket ends; `why` is its body."""
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
    """Whether the values of `Upgrade` list it: in any case, line or place (RFC 9110 7.8)."""
    return any(
        protocol.strip().lower() == "websocket"
        for value in upgrades
        for protocol in value.split(",")
    )


def _path(target: str) -> str:
    """The path of a request target, decoded."""
    match = _TARGET.fullmatch(target)
    return unquote(match[2]) if match else ""


def shake_hands(head: bytes, settings: Settings) -> Handshake:
    """Answer a complete request head.

    The protocol that parsed the request would keep it, and its headers, as long as it lives: 2.6 KB
    a connection. So it only shakes hands, and a fresh one goes on with what was negotiated.
    """
    greeter = ServerProtocol(
        extensions=[_DEFLATE] if settings.edge.deflate else None,
        select_subprotocol=_select_subprotocol,
        logger=_quiet,
    )
    greeter.receive_data(head)
    request = next((e for e in greeter.events_received() if isinstance(e, Request)), None)
    if request is None:  # not HTTP after all; the greeter has prepared what to say, if anything
        status = HTTPStatus.BAD_REQUEST
        answer = b"".join(greeter.data_to_send())
        return Handshake(answer or plain_response(status, "This is not HTTP."), status, None)
    if _names_websocket(request.headers.get_all("Upgrade")):
        del request.headers["Upgrade"]  # websockets takes it alone, not among others
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
    """Whether a browser sent this from a page of this very server."""
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
