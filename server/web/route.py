"""One line of the REST interface."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import web

from server.protocol.codes import CommandError
from server.protocol.roles import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REF = 1
"""The `ref` of a command that comes by REST; the response does not contain it."""
_NUMBER_MAX = 1_000_000


class Route(NamedTuple):
    """One line of the REST interface.

    `body` and `result` are the msgspec types of the request's and the response's JSON. `least` is
    the least role, None for everybody. Callers must hold a role above viewer in the room of the
    path, or as the host that the path names.
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


def number(request: web.Request, name: str, default: int) -> int:
    """Read a query parameter that is a whole number from 0 to 1,000,000."""
    raw = request.query.get(name, str(default))
    is_number = raw.isascii() and raw.isdigit() and len(raw) <= len(str(_NUMBER_MAX))
    if not is_number or int(raw) > _NUMBER_MAX:
        raise CommandError("bad_message", f"`{name}` must be a whole number from 0 to 1000000.")
    return int(raw)
