"""Pages of other web origins: the stream and the commands are theirs by the rules of the WebSocket.

A browser lets a page of another origin read an answer, and send JSON or a token, only if the server
allows it (CORS). Credentials are not allowed: such a page sends a token of its own, never the
visitor's cookie.
"""

from aiohttp import web

from server.access.origin import is_own_origin
from server.protocol.codes import CommandError
from server.settings import Settings
from server.web.route import COMMANDS, STREAM

OPEN = (STREAM, COMMANDS)
"""The paths that pages of `edge.origins` may use."""
_PREFLIGHT_S = 7200
"""How long a browser remembers the answer to a preflight; the most that browsers allow."""
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
    "Access-Control-Max-Age": str(_PREFLIGHT_S),
}


class CrossOrigin:
    """Tells which origins may use the paths in `OPEN`, and lets browsers know."""

    def __init__(self, settings: Settings) -> None:
        self._public_url = settings.server.public_url
        self._origins = settings.edge.origins

    def add_to(self, app: web.Application) -> None:
        """Answer preflights, and put the headers of CORS on answers."""
        for path in OPEN:
            app.router.add_route("OPTIONS", path, self._preflight)
        app.on_response_prepare.append(self._allow)

    def is_own(self, request: web.Request) -> bool:
        """Whether the request says that a page of this server sent it."""
        origins = request.headers.getall("Origin", ())
        return len(origins) == 1 and is_own_origin(origins[0], request.host, self._public_url)

    def must_be_allowed(self, request: web.Request) -> None:
        """Refuse a page of an origin that may not connect. Raises CommandError `forbidden`."""
        if "Origin" in request.headers:
            allowed = self.is_own(request) or bool(self._listed(request))
        else:  # a page may load an address without saying who it is, and without reading it
            site = request.headers.get("Sec-Fetch-Site", "none")
            allowed = site in ("none", "same-origin")
        if not allowed:
            raise CommandError("forbidden", "This web origin may not connect; see edge.origins.")

    def headers(self, request: web.Request) -> dict[str, str]:
        """The headers by which a listed origin may read the answer."""
        origin = self._listed(request)
        if not origin:
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": "Retry-After, RateLimit, RateLimit-Policy",
            "Vary": "Origin",
        }

    def _listed(self, request: web.Request) -> str:
        origins = request.headers.getall("Origin", ())
        if len(origins) != 1 or not ("*" in self._origins or origins[0] in self._origins):
            return ""
        return origins[0]

    async def _preflight(self, request: web.Request) -> web.Response:
        self.must_be_allowed(request)
        return web.Response(status=204, headers=_ALLOWED)

    async def _allow(self, request: web.Request, response: web.StreamResponse) -> None:
        resource = request.match_info.route.resource
        if resource is not None and resource.canonical in OPEN:
            response.headers.update(self.headers(request))
