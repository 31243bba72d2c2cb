"""One line of the REST interface."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import web

from server.protocol.input import Input, NoInput
from server.protocol.roles import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WEBSOCKET = "/v1/rooms/{room}/ws"
"""The path of a room's WebSocket: no route of the REST interface, but served on the same port."""
STREAM = "/v1/rooms/{room}/stream"
"""The path of a room's events, for who can't open a WebSocket."""
COMMANDS = "/v1/rooms/{room}/commands"
"""The path to which commands are sent one by one, with or without a stream."""
REF = 1
"""The `ref` of a command that comes by REST; the response does not contain it."""


class Route(NamedTuple):
    """One line of the REST interface.

    `body` and `result` are the msgspec types of the request's and the response's JSON, `query` that
    of the query parameters. What `body` and `query` don't name is refused (`web.known_input`).
    `least` is the least role, None for everybody. Callers must hold a role above viewer in the room
    of the path, or as the host that the path names.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    least: Role | None = None
    body: Any = None
    result: Any = None
    about: Callable[[str], str] | None = None
    """(host) -> the room of a route about a host; the token must also be valid for that room."""
    signed: bool = False
    """Other servers send it, and sign it instead of sending a token: their larger rate counts."""
    no_key: str = ""
    """Why a POST takes no `Idempotency-Key`; empty: it takes one (see `idempotency`)."""
    query: type[Input] = NoInput
    foreign: str = ""
    """Why fields of the body that nobody here knows are ignored; empty: they are refused."""
