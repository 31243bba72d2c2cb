"""Serves the pages and their scripts, styles and pictures from memory.

Pages are shells without data, but for what a link to them shows elsewhere and for their first view
(`page_heads`). Scripts fill them by REST and WebSocket, and insert all text as text.
The Content-Security-Policy makes the browser enforce that: no inline script, no style but our own,
no string parsed as HTML (Trusted Types), no framing.

Browsers cache files named by their digest for ever. `/static/liveroom.js` without a digest is for
other sites' pages: browsers check it by ETag on each use. `/static/v0.1/liveroom.js` is the same
file as long as this server has that version; a page that asks for another one learns so at once.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from server import __version__
from server.web.assets import ASSETS, Assets
from server.web.caller import PUBLIC_URL
from server.web.opened import Opened
from server.web.page_heads import PageHeads

PAGES: Final = {
    "/": "home.html",
    "/watch/{room}": "watch.html",
    "/h/{host}": "profile.html",
    "/note/{note}": "note.html",
    "/write": "write.html",
    "/topic/{topic}": "topic.html",
    "/host/{room}": "host.html",
    "/ops": "ops.html",
    "/login": "login.html",
    "/me": "me.html",
    "/select": "select.html",
    "/merchant": "merchant.html",
}
_VERSION = re.compile(r"v(\d+(?:\.\d+){0,2})")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_PORT = re.compile(r":\d+$")
_POWERS = ("camera", "geolocation", "microphone", "payment")
"""What no page may use, unless a feature opens it there."""


def add_pages(app: web.Application, opened: Opened, heads: PageHeads) -> None:
    """Add the pages and their files to `app`. `opened` is what features open on them, `heads` what
    they add to their heads."""
    app.add_routes(Pages(ASSETS, opened, heads).routes())


class Pages:
    """Routes of pages and files."""

    def __init__(self, found: Assets, opened: Opened, heads: PageHeads) -> None:
        self._assets = found
        self._opened = opened
        self._heads = heads

    def routes(self) -> list[web.RouteDef]:
        """Pages by their paths, files under /static."""
        return [
            *(web.get(path, self._page(path, file)) for path, file in PAGES.items()),
            web.get("/favicon.ico", self._favicon),
            web.get("/static/{path:.+}", self._file),
        ]

    def _page(self, path: str, file: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        page = self._assets.pages[file]

        async def show(request: web.Request) -> web.StreamResponse:
            with_head = await self._heads.page(path, request, page)
            response = await with_head.response(request, "no-cache")
            styles = with_head.style_sources
            response.headers.update(_page_headers(request, self._opened, path, styles))
            return response

        return show

    async def _favicon(self, request: web.Request) -> web.StreamResponse:
        return await self._assets.files["icon.svg"].response(request, "public, max-age=86400")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        digest, _, rest = path.partition("/")
        cache = "no-cache"
        if digest == self._assets.digest:
            path, cache = rest, "public, max-age=31536000, immutable"
        elif named := _VERSION.fullmatch(digest):
            path, cache = rest, "public, max-age=3600"
            if not f"{__version__}.".startswith(f"{named[1]}."):
                raise web.HTTPNotFound(
                    text=f"This server has version {__version__} of {rest!r}, not {named[1]}.\n"
                )
        elif path not in self._assets.files and rest in self._assets.files:
            path = rest  # an open page of an older version: the current file is better than none
        found = self._assets.files.get(path)
        if found is None:
            raise web.HTTPNotFound(text=f"There is no file {path!r} here.\n")
        response = await found.response(request, cache)
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Pages of any site may use liveroom.js; it holds no secret.
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response


def _page_headers(
    request: web.Request, opened: Opened, path: str, styles: tuple[str, ...]
) -> dict[str, str]:
    # `'self'` covers WebSockets in CSP level 3; browsers with level 2 need them listed. A proxy may
    # omit the port from Host; public_url has it.
    hosts = {request.headers.get("Host", ""), request.app.get(PUBLIC_URL, "").partition("://")[2]}
    named = sorted(host for host in hosts if _HOST.fullmatch(host))
    sockets = "".join(f" ws://{host} wss://{host}" for host in named)
    asked = request.headers.get("Host", "")
    own = _PORT.sub("", asked) if _HOST.fullmatch(asked) else ""
    anywhere = " https: http:" if opened.media_from_anywhere else ""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": " ".join(("'self'", *styles)),
        "img-src": "'self' data: https: http:",
        "media-src": f"'self' blob:{opened.sources(opened.media, own)}{anywhere}",
        "frame-src": "https: http:",
        "connect-src": f"'self'{sockets}{opened.sources(opened.connect, own)}",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    allowed = opened.permissions.get(path, ())
    powers = [f"{power}=({'self' if power in allowed else ''})" for power in _POWERS]
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": ", ".join(powers),
    }
