"""What a request is refused for by its head alone, before its path is looked at.

A packed body could be a thousand times bigger than its bytes, so none is unpacked: `app` turns
that off in aiohttp, and a request that says it has one is refused. aiohttp itself fails at an
`Expect` that is not text.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from server.web.errors import error_response

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def gate(handle: Handle) -> Handle:
    """`handle` behind the checks of this module."""

    async def check(request: web.BaseRequest) -> web.StreamResponse:
        return _refusal(request) or await handle(request)

    return check


def _refusal(request: web.BaseRequest) -> web.Response | None:
    if "Content-Encoding" in request.headers:
        response = error_response(
            "bad_message", "Send the body as it is, without Content-Encoding.", 415
        )
        response.headers["Accept-Encoding"] = "identity"  # RFC 9110 section 15.5.16
    elif request.headers.get("Expect", "").lower() not in ("", "100-continue"):
        response = error_response("bad_message", "Only `Expect: 100-continue` is met here.", 417)
    else:
        return None
    response.force_close()  # a body may still be on its way
    return response
