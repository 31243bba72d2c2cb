"""One line of the REST interface."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from aiohttp import web

from server.access.auth import Identity
from server.protocol.input import Input, NoInput
from server.protocol.roles import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Admits = Callable[[Identity, web.Request], Awaitable[bool]]

WEBSOCKET = "/v1/rooms/{room}/ws"
"""The path of a room's WebSocket: no route of the REST interface, but served on the same port."""
STREAM = "/v1/rooms/{room}/stream"
"""The path of a room's events, for who can't open a WebSocket."""
COMMANDS = "/v1/rooms/{room}/commands"
"""The path to which commands are sent one by one, with or without a stream."""
READS = ("GET", "HEAD")
"""The methods that change nothing."""
REF = 1
"""The `ref` of a command that comes by REST; the response does not contain it."""


class Route(NamedTuple):
    """One line of the REST interface.

    `body` and `result` are the msgspec types of the request's and the response's JSON, `query` that
    of the query parameters. What `body` and `query` don't name is refused (`web.known_input`).
    `least` is the least role, None for everybody. Callers must hold a role above viewer in the room
    of the path, or as the host or merchant that the path names.
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
    admits: Admits | None = None
    """Lets in others too, such as the members of the merchant that the path names: asked about a
    caller whose role alone is not enough."""
    foreign: str = ""
    """Why fields of the body that nobody here knows are ignored; empty: they are refused."""
    scope: str = ""
    """The scope that a server's token needs for it; set by `in_scope`."""
    status: int = 0
    """The status of a request that succeeds; 0: 200 if there is something to send, else 204."""
    bound: str = ""
    """What bounds the lists of an answer that has no pages: `<setting>`, or a reason in words."""
    media: str = ""
    """The type of an answer that is neither JSON nor, by its path, CSV."""
    takes: str = ""
    """The type of a body that is no JSON; the handler reads it."""
    sifts: bool = False
    """It is about a host and shows to a token for some rooms what belongs to these; without it such
    a token is refused on routes that name a host and no room."""
    no_rate: str = ""
    """Why its requests are not counted; empty: they are (see `rates`)."""

    @property
    def sent_as(self) -> str:
        """The media type of the answer; empty: nothing is sent."""
        if self.media or self.path.endswith(".csv"):
            return self.media or "text/csv"
        return "" if self.result is None else "application/json"

    @property
    def success(self) -> int:
        """The status of a request that succeeds."""
        return self.status or (200 if self.sent_as else 204)


def scope_of(name: str, *, reads: bool) -> str:
    """The name of a scope: that of a thing, and whether it is read or changed."""
    return f"{name}:{'read' if reads else 'write'}"


def in_scope(name: str, routes: Iterable[Route]) -> list[Route]:
    """Give each route the scope that it needs: what is read, or changed, of a thing."""
    return [route._replace(scope=scope_of(name, reads=route.method in READS)) for route in routes]
