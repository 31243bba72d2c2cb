"""The WebSocket handshake: reads room, variant, cookie and origin from the upgrade request."""

import functools
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, NegotiationError
from websockets.extensions.base import Extension
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import ExtensionParameter, Subprotocol

from server.access.auth import session_token
from server.access.origin import is_own_origin
from server.edge.frame_reader import FrameReader
from server.edge.plain_upgrade import PlainUpgrade, switching
from server.hub.member import Variant
from server.protocol.codec import SUBPROTOCOLS, Encoding
from server.settings import Settings
from server.settings.sections import Edge as EdgeSettings

# websockets logs every connection at INFO, which for a room of 15,000 would fill the log.
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.ERROR)


class _Inflater(PerMessageDeflate):
    """Reads what a client compresses. It never compresses, so it has no window for that: each would
    take 260 KB."""

    def __init__(self, agreed: PerMessageDeflate, *, window: bool) -> None:
        alone, bits = agreed.remote_no_context_takeover, agreed.remote_max_window_bits
        super().__init__(alone, True, bits, 15)
        self.window = window
        """Whether the client keeps the window of what it is sent."""


class _SharedDeflate(ServerPerMessageDeflateFactory):
    """Agrees on frames whose bytes are the same for all viewers, see `shared_window`.

    It declines an offer that asks the server for a smaller window than that of `codec.deflate`.
    """

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        if any(name == "server_max_window_bits" and bits != "15" for name, bits in params):
            raise NegotiationError("the server's window is 15 bits")
        answer, agreed = super().process_request_params(params, accepted_extensions)
        window = _ALONE not in params
        if window:
            answer.remove(_ALONE)
        return answer, _Inflater(agreed, window=window)


_ALONE: ExtensionParameter = ("server_no_context_takeover", None)
# Clients keep no compression window between messages, which saves 32 KiB a connection. The server
# keeps one for all who get the same frames, so none is made here; `_ALONE` is taken out again.
_DEFLATE = _SharedDeflate(server_no_context_takeover=True, client_no_context_takeover=True)

_VERSION = "13"
_ROOM_PATH = re.compile(r"/v1/rooms/([^/]+)/ws")
# A target may be absolute; its host then replaces the Host header (RFC 9112 section 3.2.2).
_TARGET = re.compile(r"(?:(?:https?|wss?)://([^/?#]*))?([^?#]*).*", re.IGNORECASE)
_ROOM_ID = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")


class Accepted(NamedTuple):
    """The result of a successful handshake. `extensions` read this connection's frames alone."""

    room_id: str
    variant: Variant
    cookie_token: str | None
    extensions: Sequence[Extension]


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


def shake_hands(head: bytes, plain: PlainUpgrade | None, settings: Settings) -> Handshake:
    """Answer a complete request head; `plain` is what `plain_upgrade` reads in it."""
    return (plain and _accept_plain(plain, settings)) or _judge(head, settings)


def _accept_plain(asked: PlainUpgrade, settings: Settings) -> Handshake | None:
    """Accept the request, as `_judge` would; None if that is for `_judge` to say."""
    own_origin = asked.origin is not None and _is_our_page(
        asked.origin, asked.host, settings.server.public_url
    )
    compresses = _compresses_for(asked.user_agent or "", settings.edge)
    offer = asked.extensions if compresses else None
    agreed = _NONE_AGREED if offer is None else _agree(offer)
    if (
        agreed is None
        or not (asked.subprotocol is None or asked.subprotocol in SUBPROTOCOLS)
        or not (own_origin or _may_connect(asked.origin, settings.edge))
    ):
        return None
    accepted = Accepted(
        asked.room_id,
        _variant(asked.subprotocol, agreed.inflater),
        session_token([asked.cookie]) if own_origin and asked.cookie else None,
        _own(agreed.inflater),
    )
    answer = switching(asked.key, asked.subprotocol, agreed.answer)
    return Handshake(answer, HTTPStatus.SWITCHING_PROTOCOLS.value, accepted)


def _compresses_for(user_agent: str, settings: EdgeSettings) -> bool:
    """Whether to agree on compression with this program.

    Not with what uses Apple's WebSocket, unless told so: Safari, every browser on an iPhone, apps.
    Versions of it agree on permessage-deflate and then read a frame wrongly, reported from 2021
    (uNetworking/uWebSockets#1347) to 2026 (VirtualFlyBrain/geppetto-vfb#1719). Chrome names
    AppleWebKit, too, beside itself; under iOS it does not.
    """
    if not settings.deflate:
        return False
    apple = ("AppleWebKit/" in user_agent and "Chrome/" not in user_agent) or (
        "CFNetwork/" in user_agent
    )
    return settings.deflate_apple or not apple


class _Agreed(NamedTuple):
    """The answer to an offer of extensions, and what reads a client's frames, if it compresses."""

    answer: str | None
    inflater: _Inflater | None


_NONE_AGREED = _Agreed(None, None)


@functools.lru_cache(maxsize=64)
def _agree(offer: str) -> _Agreed | None:
    """Answer an offer of extensions. A browser makes the same one each time. None if unreadable."""
    greeter = ServerProtocol(extensions=[_DEFLATE], logger=_quiet)
    try:
        answer, found = greeter.process_extensions(Headers({"Sec-WebSocket-Extensions": offer}))
    except InvalidHandshake:
        return None
    return _Agreed(answer, _inflater(found))


def _inflater(agreed: Sequence[Extension]) -> _Inflater | None:
    return next((one for one in agreed if isinstance(one, _Inflater)), None)


def _own(inflater: _Inflater | None) -> Sequence[Extension]:
    """A connection's own: it notes which frame it is in."""
    return () if inflater is None else (_Inflater(inflater, window=inflater.window),)


_is_our_page = functools.lru_cache(maxsize=256)(is_own_origin)


def _judge(head: bytes, settings: Settings) -> Handshake:
    """Answer a request head of any kind.

    The protocol object that parses the request keeps it, with its headers, for its whole life:
    2.6 KB a connection. So that object is used for the handshake only.
    """
    greeter = ServerProtocol(
        extensions=[_DEFLATE],
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
    if not _compresses_for(",".join(request.headers.get_all("User-Agent")), settings.edge):
        greeter.available_extensions = None
    accepted = None
    own_origin = _is_own_origin(request, settings)
    response = _refuse(greeter, request, settings.edge, own_origin) or greeter.accept(request)
    greeter.send_response(response)
    if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        inflater = _inflater(greeter.extensions)
        accepted = Accepted(
            _room_id(request.path) or "",
            _variant(greeter.subprotocol, inflater),
            session_token(request.headers.get_all("Cookie")) if own_origin else None,
            _own(inflater),
        )
    return Handshake(b"".join(greeter.data_to_send()), response.status_code, accepted)


def _variant(subprotocol: str | None, inflater: _Inflater | None) -> Variant:
    """The wire format that was agreed on."""
    return _wire(subprotocol, inflater is not None, inflater is not None and inflater.window)


@functools.cache
def _wire(subprotocol: str | None, deflate: bool, window: bool) -> Variant:
    """Connections share these few objects."""
    return Variant(SUBPROTOCOLS.get(subprotocol or "", Encoding.JSON), deflate, window=window)


def frame_reader(
    extensions: Sequence[Extension],
    settings: EdgeSettings,
    on_frame: Callable[[Frame], None],
) -> FrameReader:
    """Make the open protocol that reads the frames after a handshake."""
    reader = FrameReader(state=State.OPEN, max_size=settings.frame_in_bytes_max, logger=_quiet)
    reader.extensions = list(extensions)
    reader.on_frame = on_frame
    return reader


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
    if own_origin:
        return True
    return all(_may_connect(origin, settings) for origin in request.headers.get_all("Origin"))


def _may_connect(origin: str | None, settings: EdgeSettings) -> bool:
    """Whether a page of another server, or a client that is no page (None), may connect."""
    return origin is None or "*" in settings.origins or origin in settings.origins
