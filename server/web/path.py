"""Reads parts of paths as the types that they must have."""

from typing import Any

import msgspec
from aiohttp import web

from server.protocol.codes import CommandError
from server.protocol.fields import User


def part_of_path(request: web.Request, name: str, kind: Any, must: str) -> str:
    """Return a part of the path. Raises CommandError `bad_message` with the sentence `must` if it
    is none of this kind of string."""
    part = request.match_info[name]
    try:
        msgspec.convert(part, kind)
    except msgspec.ValidationError:
        raise CommandError("bad_message", must) from None
    return part


def user_of_path(request: web.Request) -> str:
    """Return the user whom the path names. Raises CommandError for an id that nobody can have."""
    must = "A user's id has 1 to 64 characters, none of them a control character."
    return part_of_path(request, "user", User, must)
