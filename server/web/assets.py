"""The files of the pages, read and packed once, each with what its responses need.

Files have URLs with a digest of all files, `/static/<digest>/...`. In a page `{static}` stands for
that address. Before each module script the browser is told of every module that it imports.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from server.web.codings import BROTLI, GZIP, IDENTITY, chosen_coding, packed_forms
from server.web.module_graph import modules_of

FOLDER: Final = Path(__file__).with_name("pages")
_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".ts": "text/plain",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_MODULE_SCRIPT = re.compile(r'<script type="module" src="\{static\}/([^"]+)"')
_ETAG_ENDS: Final = {IDENTITY: "", BROTLI: "-br", GZIP: "-gz"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, its packed forms by coding, and the digest its ETags begin with."""

    body: bytes
    packed: Mapping[str, bytes]
    content_type: str
    digest: str

    @classmethod
    def packed_from(cls, body: bytes, suffix: str) -> "Asset":
        """Pack a file; `suffix` gives its type."""
        is_text = suffix != ".png"
        return cls(
            body,
            packed_forms(body) if is_text else {},
            _TYPES[suffix],
            hashlib.sha256(body).hexdigest()[:24],
        )

    @property
    def sent_bytes(self) -> int:
        """The size of the smallest form."""
        return min(map(len, (self.body, *self.packed.values())))

    def response(self, request: web.Request, cache: str) -> web.Response:
        """Return the file in the coding that the client likes best, or 304 if it has that form.

        Each form has an ETag of its own: they are different bytes (RFC 9110 section 8.8.3.3).
        """
        accepted = request.headers.getall(hdrs.ACCEPT_ENCODING, ())
        coding = chosen_coding(", ".join(accepted) if accepted else None, self.packed)
        etag = self.digest + _ETAG_ENDS[coding]
        headers = {"Cache-Control": cache, "ETag": f'"{etag}"', "Vary": "Accept-Encoding"}
        if any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        if coding != IDENTITY:
            headers["Content-Encoding"] = coding
        return web.Response(
            body=self.packed.get(coding, self.body),
            content_type=self.content_type,
            charset="utf-8",
            headers=headers,
        )


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file under pages/ by its path there; pages name their files and modules."""

    files: dict[str, Asset]
    pages: dict[str, Asset]
    digest: str

    @classmethod
    def read(cls, folder: Path) -> "Assets":
        """Read the folder. Blocks: call it before the loop runs, or from a thread.

        Raises BrokenImport if a page's module imports a file that is not there.
        """
        bodies = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, body in bodies.items():
            digest.update(name.encode() + b"\0" + body)
        name = digest.hexdigest()[:16]
        scripts = {path: body.decode() for path, body in bodies.items() if path.endswith(".js")}
        files, pages = {}, {}
        for path, body in bodies.items():
            if path.endswith(".html"):
                page = with_modules(body.decode(), scripts)
                filled = page.replace("{static}", f"/static/{name}").encode()
                pages[path] = Asset.packed_from(filled, ".html")
            else:
                files[path] = Asset.packed_from(body, Path(path).suffix)
        return cls(files, pages, name)


def with_modules(page: str, scripts: Mapping[str, str]) -> str:
    """Put a `modulepreload` for each imported module before the module scripts of a page."""

    def preloads(script: re.Match[str]) -> str:
        links = [
            f'<link rel="modulepreload" href="{{static}}/{path}">'
            for path in modules_of(script[1], scripts)
        ]
        return "\n".join([*links, script[0]])

    return _MODULE_SCRIPT.sub(preloads, page)


ASSETS: Final = Assets.read(FOLDER)
"""The files of this installation; read at import, so never while viewers wait."""
