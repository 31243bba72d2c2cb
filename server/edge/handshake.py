"""The WebSocket handshake: which room, which variant, whose cookie, from which origin."""

import logging
import re
from collections.abc import Sequence
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from server.auth import SESSION_COOKIE
from server.hub.member import Variant
from server.protocol.codec import SUBPROTOCOLS, Encoding
from server.settings.sections import Edge as EdgeSettings

# websockets logs every connection at INFO; a room of 15,000 would log nothing else.
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.ERROR)

_ROOM_PATH = re.compile(r"/v1/rooms/([^/?]+)/ws(?:\?.*)?")
_ROOM_ID = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")


class Accepted(NamedTuple):
    """What a good handshake says."""

    room_id: str
    variant: Variant
    cookie_token: str | None


def new_protocol(settings: EdgeSettings) -> ServerProtocol:
    """The Sans-I/O protocol of one connection.

    Neither side keeps a compression window between messages: that makes a compressed broadcast the
    same for all, and spares 64 KiB or more a connection.
    """
    deflate = ServerPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True
    )
    return ServerProtocol(
        extensions=[deflate] if settings.deflate else None,
        select_subprotocol=_select_subprotocol,
        max_size=settings.frame_in_bytes_max,
        logger=_quiet,
    )


def is_upgrade(head: bytes) -> bool:
    """Whether an HTTP request head asks for a WebSocket on a room."""
    line, _, fields = head.partition(b"\r\n")
    parts = line.split(b" ")
    if len(parts) != 3 or not _ROOM_PATH.fullmatch(parts[1].decode("latin-1")):
        return False
    return re.search(rb"(?im)^upgrade:[ \t]*websocket[ \t]*\r?$", fields) is not None


def shake(
    protocol: ServerProtocol, request: Request, settings: EdgeSettings
) -> Accepted | Response:
    """Accept or refuse; a refusal is the HTTP response to send instead."""
    room_id = _room_id(request.path)
    if room_id is None:
        return protocol.reject(HTTPStatus.NOT_FOUND, "There is no such room id.\n")
    own_origin = _is_own_origin(request)
    if not _origin_allowed(request, settings, own_origin):
        return protocol.reject(
            HTTPStatus.FORBIDDEN, "This web origin may not connect; see edge.origins.\n"
        )
    response = protocol.accept(request)
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        return response
    protocol.send_response(response)
    encoding = SUBPROTOCOLS.get(protocol.subprotocol or "", Encoding.JSON)
    variant = Variant(encoding, deflate=bool(protocol.extensions))
    return Accepted(room_id, variant, _cookie_token(request) if own_origin else None)


def _select_subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    if not offered:
        return None
    for name in offered:
        if name in SUBPROTOCOLS:
            return name
    raise NegotiationError(f"offer one of the subprotocols {', '.join(SUBPROTOCOLS)}")


def _room_id(path: str) -> str | None:
    match = _ROOM_PATH.fullmatch(path)
    room_id = unquote(match[1]) if match else ""
    return room_id if _ROOM_ID.fullmatch(room_id) else None


def _is_own_origin(request: Request) -> bool:
    """Whether a browser sent this from a page of this very server."""
    origins, hosts = request.headers.get_all("Origin"), request.headers.get_all("Host")
    if len(origins) != 1 or len(hosts) != 1:
        return False
    return urlsplit(origins[0]).netloc.lower() == hosts[0].lower()


def _origin_allowed(request: Request, settings: EdgeSettings, own_origin: bool) -> bool:
    origins = request.headers.get_all("Origin")
    if not origins or own_origin or "*" in settings.origins:
        return True
    return all(origin in settings.origins for origin in origins)


def _cookie_token(request: Request) -> str | None:
    for header in request.headers.get_all("Cookie"):
        try:
            morsel = SimpleCookie(header).get(SESSION_COOKIE)
        except CookieError:
            continue
        if morsel is not None:
            return morsel.value
    return None
