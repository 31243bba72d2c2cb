"""Refuses requests by their head alone, before routing.

A compressed body could grow a thousandfold when unpacked, so bodies are never unpacked: `app` turns
that off in aiohttp, and this module refuses requests that announce one. aiohttp itself fails on an
`Expect` that is not text. PostgreSQL has no character 0 in a text, and fails where one is sought.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from server.web.errors import error_response

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def gate(handle: Handle) -> Handle:
    """Put the checks of this module in front of `handle`."""

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
    elif "%00" in request.raw_path:
        response = error_response(
            "bad_message", "The address has a character 0 (`%00`), which no text here has.", 400
        )
    else:
        return None
    response.force_close()  # a body may still be on its way
    return response
