"""`GET /v1/rooms/{room}/stream`: a room's events as server-sent events, where no WebSocket opens.

This module reads the request. The edge then takes the socket, joins the room and answers.
"""

import re
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Annotated, Protocol, runtime_checkable

import msgspec
from aiohttp import web
from msgspec import Meta

from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.joining import Join, Last, SourceInput
from server.protocol.sent_events import last_of
from server.web.caller import token_of
from server.web.cross_origin import CrossOrigin
from server.web.errors import refusal
from server.web.query import query_of
from server.web.route import REF, STREAM, Route

LAST_EVENT_ID = "Last-Event-ID"
_SOURCE = re.compile(r"([a-z]+)(?::(.*))?", re.DOTALL)
_HEAD = {
    "Content-Type": "text/event-stream",
    # Whoever packs or keeps what passes through would hold events back.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    # The response ends with its connection, so proxies don't use that one again.
    "Connection": "close",
}

Refusal = Callable[[CommandError], bytes]


class SourceQuery(Input, frozen=True):
    """What brought a viewer to the room, as one query parameter."""

    source: Annotated[
        str,
        Meta(
            max_length=80,
            description="what brought the viewer here: a kind of `join.source`, or `kind:id`",
        ),
    ] = ""


class StreamQuery(SourceQuery, frozen=True):
    """Where a client that comes back stopped, if it can't set the header `Last-Event-ID`."""

    last_event_id: Annotated[
        str, Meta(max_length=100, description="the id of the last event that was heard")
    ] = ""


@runtime_checkable
class StreamSocket(Protocol):
    """An HTTP socket as the edge implements it."""

    def open_stream(
        self, room_id: str, join: Join, head: bytes, refusal: Refusal
    ) -> CommandError | None:
        """Take the socket back, join the room and answer; return why not, without a place."""


class StreamRoute:
    """The route of the stream."""

    def __init__(self, cross_origin: CrossOrigin) -> None:
        self._cross_origin = cross_origin

    def routes(self) -> list[Route]:
        """The one route."""
        said = "Listen to a room's events (text/event-stream), where no WebSocket opens."
        return [Route("GET", STREAM, said, self.open, query=StreamQuery, media="text/event-stream")]

    async def open(self, request: web.Request) -> web.Response:
        """Give the socket to the edge, which joins the room and then answers."""
        self._cross_origin.must_be_allowed(request)
        transport = request.transport
        socket: object = transport.get_protocol() if transport is not None else None
        if not isinstance(socket, StreamSocket):
            raise CommandError("unavailable", "This connection can't carry a stream.", 1000)
        join = Join(
            ref=REF,
            token=self._token_of(request),
            last=last_heard(request),
            source=source_of(query_of(request, StreamQuery)),
        )
        headers = self._cross_origin.headers(request)
        why_not = socket.open_stream(
            request.match_info["room"],
            join,
            _head_of(HTTPStatus.OK, _HEAD | headers),
            lambda why: _refused(why, headers),
        )
        if why_not is not None:
            raise why_not
        # Is never sent: the HTTP side has no socket any more.
        return web.Response(content_type="text/event-stream")

    def _token_of(self, request: web.Request) -> str | None:
        """The token; a cookie counts only for this server's own pages, as on the WebSocket."""
        has_bearer = "Authorization" in request.headers
        if has_bearer or "Origin" not in request.headers or self._cross_origin.is_own(request):
            return token_of(request) or None
        return None


def last_heard(request: web.Request) -> Last | None:
    """Return the place where the client stopped: of the header, else of the query. CommandError
    `bad_message` if it is none."""
    said = request.headers.get(LAST_EVENT_ID) or query_of(request, StreamQuery).last_event_id
    if not said:
        return None
    try:
        return last_of(said)
    except ValueError as error:
        raise CommandError("bad_message", f"`{LAST_EVENT_ID}` can't be read: {error}.") from None


def source_of(query: SourceQuery) -> SourceInput | None:
    """Return the source that a query names. Raises CommandError `bad_message`."""
    if not query.source:
        return None
    found = _SOURCE.fullmatch(query.source)
    kind, name = (found[1], found[2] or "") if found else (query.source, "")
    try:
        return msgspec.convert({"kind": kind, "id": name}, SourceInput)
    except msgspec.ValidationError as error:
        raise CommandError("bad_message", f"`source` can't be read: {error}.") from None


def _head_of(status: int, headers: dict[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Date: {formatdate(usegmt=True)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def _refused(why: CommandError, headers: dict[str, str]) -> bytes:
    """The whole response to a join that was refused, as REST would answer."""
    response = refusal(why)
    body = response.body
    assert isinstance(body, bytes)
    said = dict(response.headers) | headers
    said |= {"Content-Length": str(len(body)), "Connection": "close"}
    return _head_of(response.status, said) + body
