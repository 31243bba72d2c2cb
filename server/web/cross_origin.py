"""Pages of other web origins: REST is theirs by the rules of the WebSocket.

A browser lets a page of another origin read an answer, and send JSON or a token, only if the server
allows it (CORS). Credentials are not allowed: such a page sends a token of its own, never the
visitor's cookie.
"""

from collections.abc import Mapping

from aiohttp import web

from server.access.origin import is_own_origin
from server.protocol.codes import CommandError
from server.settings import Settings

OWN = ("/v1/session", "/v1/session/dev", "/v1/page-errors")
"""The paths that are for our own pages alone: sign-in by cookie, and what our pages report."""
_PREFLIGHT_S = 7200
"""How long a browser remembers the answer to a preflight; the most that browsers allow."""
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
        "X-Request-Id"
    ),
    "Access-Control-Max-Age": str(_PREFLIGHT_S),
}
_READABLE = "ETag, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id"


class CrossOrigin:
    """Tells which origins may use REST, and lets browsers know."""

    def __init__(self, settings: Settings) -> None:
        self._public_url = settings.server.public_url
        self._origins = settings.edge.origins
        self._open: set[str] = set()

    def add_to(self, app: web.Application, resources: Mapping[str, web.Resource]) -> None:
        """Answer preflights at these paths, and put the headers of CORS on answers."""
        self._open = set(resources) - set(OWN)
        for path in self._open:
            resources[path].add_route("OPTIONS", self._preflight)
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
            "Access-Control-Expose-Headers": _READABLE,
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
        if resource is not None and resource.canonical in self._open:
            response.headers.update(self.headers(request))
