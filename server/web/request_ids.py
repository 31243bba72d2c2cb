"""`X-Request-Id`: the name of a request, in its answer and in each line of the log about it."""

import re
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from server.telemetry.logs import REQUEST_ID

HEADER = "X-Request-Id"
_NAME = re.compile(r"[A-Za-z0-9_.:=+/-]{1,64}")

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ID = web.RequestKey("request_id", str)


@web.middleware
async def name_requests(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Take the name that a proxy or client gave, or give one; a strange one is replaced."""
    given = request.headers.get(HEADER, "")
    name = given if _NAME.fullmatch(given) else secrets.token_hex(8)
    request[_ID] = name
    under_way = REQUEST_ID.set(name)
    try:
        return await handler(request)
    finally:
        REQUEST_ID.reset(under_way)


async def tell_name(request: web.Request, response: web.StreamResponse) -> None:
    """Put the name of the request on its answer."""
    if name := request.get(_ID):
        response.headers[HEADER] = name
