"""ETags of what is read under /v1: a client that has the newest answer is told so, without it."""

import hashlib
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def with_etags(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Give each JSON answer to a GET an ETag, the hash of its bytes; 304 if the client has it.

    The answer is made all the same: this saves the way to the client, not the server's work.
    """
    response = await handler(request)
    if (
        request.method != "GET"
        or not request.path.startswith("/v1/")
        or not isinstance(response, web.Response)
        or response.status != 200
        or not isinstance(response.body, bytes)
        or hdrs.ETAG in response.headers
    ):
        return response
    etag = hashlib.blake2b(response.body, digest_size=12).hexdigest()
    response.headers[hdrs.ETAG] = f'"{etag}"'
    response.headers.setdefault(hdrs.CACHE_CONTROL, "private, no-cache")
    if any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
        kept = (hdrs.ETAG, hdrs.CACHE_CONTROL, hdrs.VARY)
        headers = {name: response.headers[name] for name in kept if name in response.headers}
        return web.Response(status=304, headers=headers)
    return response
