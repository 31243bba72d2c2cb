"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) over HTTP, at the addresses of MediaMTX.

Pages of any origin may ask: nothing here goes by a cookie, and whoever asks shows a ticket.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from server.protocol.codes import CommandError
from server.relay.relay import Relay
from server.relay.rights import Rights
from server.web.errors import STATUS, error_response

SDP = "application/sdp"
SDP_BYTES_MAX = 65_536
"""Largest offer; one of a browser has some 5,000 bytes."""
FULL_RETRY_S = 10

_ALLOWED = {
    "Access-Control-Allow-Methods": "OPTIONS, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "7200",
}
_READABLE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, Retry-After, Accept-Post",
}
_ACTIONS = {"whip": "publish", "whep": "read"}


class Endpoint:
    """The requests that begin and end sessions."""

    def __init__(self, relay: Relay, rights: Rights) -> None:
        self._relay = relay
        self._rights = rights

    def app(self) -> web.Application:
        """The application with its routes."""
        app = web.Application(middlewares=[_as_problems], client_max_size=SDP_BYTES_MAX)
        for way in _ACTIONS:
            begin, session = f"/{{path:.+}}/{way}", f"/{{path:.+}}/{way}/{{name}}"
            app.router.add_post(begin, self._begin(way))
            app.router.add_delete(session, self._end)
            for path in (begin, session):
                app.router.add_route("OPTIONS", path, _preflight)
        return app

    def _begin(self, way: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def begin(request: web.Request) -> web.Response:
            offer = await _offer_in(request)
            path = request.match_info["path"]
            await self._rights.must_admit(
                _ACTIONS[way], path, _token_in(request), request.query_string
            )
            take = self._relay.send if way == "whip" else self._relay.watch
            name, answer = await take(path, offer)
            return web.Response(
                status=HTTPStatus.CREATED,
                text=answer,
                content_type=SDP,
                headers={"Location": f"/{path}/{way}/{name}"},
            )

        return begin

    async def _end(self, request: web.Request) -> web.Response:
        await self._relay.end(request.match_info["path"], request.match_info["name"])
        return web.Response()


async def _preflight(_: web.Request) -> web.Response:
    return web.Response(status=204, headers=_ALLOWED | {"Accept-Post": SDP})


async def _offer_in(request: web.Request) -> str:
    """The offer in the body. Raises CommandError or an HTTP error of aiohttp."""
    if request.content_type != SDP:
        said = request.headers.get("Content-Type", "no Content-Type")
        raise web.HTTPUnsupportedMediaType(
            reason=f"send the offer as {SDP}, this is {said[:64]}", headers={"Accept-Post": SDP}
        )
    if (request.content_length or 0) > SDP_BYTES_MAX:
        raise web.HTTPRequestEntityTooLarge(SDP_BYTES_MAX, request.content_length or 0)
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError:
        raise CommandError("bad_message", "The body is no SDP offer: it is no text.") from None


def _token_in(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


@web.middleware
async def _as_problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer every refusal with a code and a sentence, readable for pages of any origin."""
    try:
        response = await handler(request)
    except CommandError as refused:
        response = _refusal(refused)
    except web.HTTPException as error:
        response = _http_refusal(request, error)
    response.headers.update(_READABLE)
    return response


def _refusal(refused: CommandError) -> web.Response:
    is_full = refused.code == "limit_reached"
    status = 503 if is_full else STATUS.get(refused.code, 409)  # RFC 9725 section 4.5
    response = error_response(refused.code, refused.msg, status, refused.retry_ms)
    if is_full:
        response.headers["Retry-After"] = str(FULL_RETRY_S)
    if refused.code == "bad_token":
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http_refusal(request: web.Request, error: web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        msg = f"The offer is too large: it can have {SDP_BYTES_MAX} bytes."
        response = error_response("too_long", msg, error.status)
        response.force_close()  # the rest of the body is still on its way
        return response
    code = {404: "not_found"}.get(error.status, "bad_message")
    response = error_response(
        code, f"{request.method} {request.path}: {error.reason}.", error.status
    )
    for name in ("Allow", "Accept-Post"):
        if name in error.headers:
            response.headers[name] = error.headers[name]
    return response
