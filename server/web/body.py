"""Reads request bodies for every route, within a limit of size and of time."""

import asyncio
import logging
from typing import TypeVar

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from server.protocol.codes import CommandError
from server.protocol.input import NoInput, tolerant_in, unknown_field

Body = TypeVar("Body")

BODY_BYTES_MAX = 65_536
"""Most bytes of a request body; a bigger one is answered 413 and the connection closed."""
BODY_S_MAX = 10.0
"""Longest time for a request body to arrive."""

LARGE_BODY_S_MAX = 120.0
"""The same for a route that takes large bodies, such as files."""

_log = logging.getLogger(__name__)


async def bytes_of(request: web.Request) -> bytes:
    """Read the raw body. Raises CommandError `bad_message` if it does not arrive whole, and
    HTTPRequestEntityTooLarge of a larger one."""
    try:
        async with asyncio.timeout(BODY_S_MAX):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        size = request.content_length or 0
        raise _too_large(BODY_BYTES_MAX, size, "send less") from None
    except TimeoutError:
        raise CommandError("bad_message", "The body took too long to arrive.") from None
    except RequestPayloadError as exc:
        raise CommandError("bad_message", f"The body can't be read: {exc}.") from None
    except OSError as exc:
        _log.debug("A client left within the body of %s %s.", request.method, request.path)
        raise CommandError("bad_message", "The body did not come to its end.") from exc


async def large_bytes_of(
    request: web.Request, bytes_max: int, advice: str = "send it in parts"
) -> bytes:
    """Read the raw body of a route that takes large ones, up to `bytes_max`; `advice` says how to
    go on with a larger one.

    Raises HTTPRequestEntityTooLarge, of a body that says its size before any of it is read.
    """
    if (request.content_length or 0) > bytes_max:
        raise _too_large(bytes_max, request.content_length or 0, advice)
    pieces, size = [], 0
    try:
        async with asyncio.timeout(LARGE_BODY_S_MAX):
            async for piece in request.content.iter_any():
                size += len(piece)
                if size > bytes_max:
                    raise _too_large(bytes_max, size, advice)
                pieces.append(piece)
    except TimeoutError:
        raise CommandError("bad_message", "The body took too long to arrive.") from None
    except RequestPayloadError as exc:
        raise CommandError("bad_message", f"The body can't be read: {exc}.") from None
    return b"".join(pieces)


def _too_large(bytes_max: int, size: int, advice: str) -> web.HTTPRequestEntityTooLarge:
    reason = f"the body can have {bytes_max} bytes here; {advice}, nothing was changed"
    return web.HTTPRequestEntityTooLarge(bytes_max, size, reason=reason)


async def body_of(request: web.Request, kind: type[Body]) -> Body:
    """Decode the JSON body as `kind`, a type that refuses unknown fields. Raises CommandError
    `bad_message` that says what is wrong."""
    assert not tolerant_in(kind), f"{kind.__name__} ignores unknown fields; derive it from Input."
    return _decoded(await bytes_of(request), kind)


async def must_say_nothing(request: web.Request) -> None:
    """Raise CommandError `bad_message` if a body says anything; `{}` and `null` say nothing."""
    body = (await bytes_of(request)).strip()
    if body not in (b"", b"null"):
        _decoded(body, NoInput)


def _decoded(body: bytes, kind: type[Body]) -> Body:
    if not body:  # not taken for `{}`: a client that lost its body must not do the whole thing
        raise CommandError("bad_message", "The body is empty; send JSON, or `{}` to say nothing.")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        said = unknown_field(exc, kind, "the body") or f"The body can't be read: {exc}."
        raise CommandError("bad_message", said) from None
