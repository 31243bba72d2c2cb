"""One line of the REST interface."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import web

from server.protocol.codes import CommandError
from server.protocol.roles import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REF = 1
"""The `ref` of a command that comes by REST: nobody hears it."""
_NUMBER_MAX = 1_000_000


class Route(NamedTuple):
    """One line of the REST interface.

    `body` and `result` are the msgspec types of the JSON both ways; `least` the role needed, None
    for everybody. For more than a viewer it is needed in the room, or as the host, of the path.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    least: Role | None = None
    body: Any = None
    result: Any = None
    about: Callable[[str], str] | None = None
    """(host) -> the room that a route of a host is about: the token must let into it too."""


def number(request: web.Request, name: str, default: int) -> int:
    """A query parameter that is a whole number from 0 to 1,000,000."""
    raw = request.query.get(name, str(default))
    is_number = raw.isascii() and raw.isdigit() and len(raw) <= len(str(_NUMBER_MAX))
    if not is_number or int(raw) > _NUMBER_MAX:
        raise CommandError("bad_message", f"`{name}` must be a whole number from 0 to 1000000.")
    return int(raw)
