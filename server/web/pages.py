"""Serves the pages and their scripts, styles and pictures from memory.

Pages are shells without data. Scripts fill them by REST and WebSocket, and insert all text as text.
The Content-Security-Policy makes the browser enforce that: no inline script, no string parsed as
HTML (Trusted Types), no framing.

Browsers cache files named by their digest for ever. `/static/liveroom.js` without a digest is for
other sites' pages: browsers check it by ETag on each use.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from server.web.assets import ASSETS, Assets
from server.web.caller import PUBLIC_URL

PAGES: Final = {
    "/": "home.html",
    "/watch/{room}": "watch.html",
    "/host/{room}": "host.html",
    "/ops": "ops.html",
    "/login": "login.html",
    "/me": "me.html",
}
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")


def add_pages(app: web.Application) -> None:
    """Add the pages and their files to `app`."""
    app.add_routes(Pages(ASSETS).routes())


class Pages:
    """Routes of pages and files."""

    def __init__(self, found: Assets) -> None:
        self._assets = found

    def routes(self) -> list[web.RouteDef]:
        """Pages by their paths, files under /static."""
        return [
            *(web.get(path, self._page(file)) for path, file in PAGES.items()),
            web.get("/favicon.ico", self._favicon),
            web.get("/static/{path:.+}", self._file),
        ]

    def _page(self, file: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        page = self._assets.pages[file]

        async def show(request: web.Request) -> web.StreamResponse:
            response = page.response(request, "no-cache")
            response.headers.update(_page_headers(request))
            return response

        return show

    async def _favicon(self, request: web.Request) -> web.StreamResponse:
        return self._assets.files["icon.svg"].response(request, "public, max-age=86400")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        digest, _, rest = path.partition("/")
        cache = "no-cache"
        if digest == self._assets.digest:
            path, cache = rest, "public, max-age=31536000, immutable"
        elif path not in self._assets.files and rest in self._assets.files:
            path = rest  # an open page of an older version: the current file is better than none
        found = self._assets.files.get(path)
        if found is None:
            raise web.HTTPNotFound(text=f"There is no file {path!r} here.\n")
        response = found.response(request, cache)
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Pages of any site may use liveroom.js; it holds no secret.
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response


def _page_headers(request: web.Request) -> dict[str, str]:
    # `'self'` covers WebSockets in CSP level 3; browsers with level 2 need them listed. A proxy may
    # omit the port from Host; public_url has it.
    hosts = {request.headers.get("Host", ""), request.app.get(PUBLIC_URL, "").partition("://")[2]}
    named = sorted(host for host in hosts if _HOST.fullmatch(host))
    sockets = "".join(f" ws://{host} wss://{host}" for host in named)
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: https: http:",
        "media-src": "'self' blob: https: http:",
        "frame-src": "https: http:",
        "connect-src": f"'self'{sockets}",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
