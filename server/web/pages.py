"""Serves the pages and their scripts, styles and pictures from memory; reads them once.

Pages are shells without data. Scripts fill them by REST and WebSocket, and insert all text as text.
The Content-Security-Policy makes the browser enforce that: no inline script, no string parsed as
HTML (Trusted Types), no framing.

Files have URLs with a digest of all files, `/static/<digest>/...`, which browsers cache for ever;
the pages use these URLs. `/static/liveroom.js` without a digest is for other sites' pages: browsers
check it by ETag on each use.
"""

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from server.web.caller import PUBLIC_URL

FOLDER: Final = Path(__file__).with_name("pages")
PAGES: Final = {
    "/": "home.html",
    "/watch/{room}": "watch.html",
    "/host/{room}": "host.html",
    "/ops": "ops.html",
    "/login": "login.html",
}
_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".ts": "text/plain",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_GZIP_BYTES_MIN = 600


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: `packed` is the gzip form, empty if that would not be smaller."""

    body: bytes
    packed: bytes
    content_type: str
    etag: str

    def response(self, request: web.Request, cache: str) -> web.Response:
        """Return the file, or 304 if the browser has it."""
        headers = {"Cache-Control": cache, "ETag": f'"{self.etag}"', "Vary": "Accept-Encoding"}
        if any(tag.value == self.etag for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        body = self.body
        if self.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = self.packed
        return web.Response(
            body=body, content_type=self.content_type, charset="utf-8", headers=headers
        )


def _asset(body: bytes, suffix: str) -> Asset:
    packed = gzip.compress(body, 9, mtime=0) if len(body) >= _GZIP_BYTES_MIN else b""
    if len(packed) > len(body) * 0.9:
        packed = b""
    return Asset(body, packed, _TYPES[suffix], hashlib.sha256(body).hexdigest()[:24])


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file under pages/ by its path there, with `{static}` filled in in pages."""

    files: dict[str, Asset]
    pages: dict[str, Asset]
    digest: str

    @classmethod
    def read(cls, folder: Path) -> "Assets":
        """Read the folder. Blocks: call it before the loop runs, or from a thread."""
        bodies = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, body in bodies.items():
            digest.update(name.encode() + b"\0" + body)
        name = digest.hexdigest()[:16]
        files, pages = {}, {}
        for path, body in bodies.items():
            if path.endswith(".html"):
                filled = body.replace(b"{static}", f"/static/{name}".encode())
                pages[path] = _asset(filled, ".html")
            else:
                files[path] = _asset(body, Path(path).suffix)
        return cls(files, pages, name)


ASSETS: Final = Assets.read(FOLDER)
"""The files of this installation; read at import, so never while viewers wait."""


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
