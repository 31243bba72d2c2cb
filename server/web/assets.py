"""The files of the pages, read once and packed when first asked for, with what a response needs.

Files have URLs with a digest of all files, `/static/<digest>/...`. In a page `{static}` stands for
that address, and `{file:css/base.css}` for that file's text. Before each module script the browser
is told of every module that it imports.
"""

import asyncio
import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import hdrs, web

from server.web import third_party
from server.web.codings import (
    BROTLI,
    BROTLI_QUALITY,
    GZIP,
    IDENTITY,
    chosen_coding,
    packed_forms,
)
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
_FILE: Final = re.compile(r"\{file:([^}]+)\}")
_STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
_ETAG_ENDS: Final = {IDENTITY: "", BROTLI: "-br", GZIP: "-gz"}


@dataclass(frozen=True)
class Asset:
    """One file: its bytes, its type, whether it is text, and the digest its ETags begin with."""

    body: bytes
    content_type: str
    is_text: bool
    digest: str
    brotli_quality: int = BROTLI_QUALITY

    @classmethod
    def from_bytes(cls, body: bytes, suffix: str, brotli_quality: int = BROTLI_QUALITY) -> "Asset":
        """Take a file's bytes; `suffix` gives its type."""
        digest = hashlib.sha256(body).hexdigest()[:24]
        return cls(body, _TYPES[suffix], suffix != ".png", digest, brotli_quality)

    @functools.cached_property
    def packed(self) -> Mapping[str, bytes]:
        """Its packed forms by coding. The first time this takes milliseconds: see `response`."""
        return packed_forms(self.body, self.brotli_quality) if self.is_text else {}

    @functools.cached_property
    def style_sources(self) -> tuple[str, ...]:
        """Each `<style>` of a page as the Content-Security-Policy names it: by its digest."""
        digests = (hashlib.sha256(text).digest() for text in _STYLE.findall(self.body))
        return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    @property
    def sent_bytes(self) -> int:
        """The size of the smallest form."""
        return min(map(len, (self.body, *self.packed.values())))

    async def response(self, request: web.Request, cache: str) -> web.Response:
        """Return the file in the coding that the client likes best, or 304 if it has that form.

        Each form has an ETag of its own: they are different bytes (RFC 9110 section 8.8.3.3). Who
        comes first waits until the file is packed, in a thread; nobody else waits for that.
        """
        if "packed" not in self.__dict__:
            await asyncio.to_thread(lambda: self.packed)
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
    def read(cls, folder: Path, others: Mapping[str, Path] = MappingProxyType({})) -> "Assets":
        """Read the folder; `others` are scripts of third parties, and where each is, by the path
        under which it is served. Blocks: call it before the loop runs, or from a thread.

        Raises BrokenImport if a page's module imports a file that is not there.
        """
        bodies = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        } | {path: place.read_bytes() for path, place in others.items()}
        digest = hashlib.sha256()
        for name, body in bodies.items():
            digest.update(name.encode() + b"\0" + body)
        name = digest.hexdigest()[:16]
        scripts = {path: body.decode() for path, body in bodies.items() if path.endswith(".js")}
        files, pages = {}, {}
        for path, body in bodies.items():
            if path.endswith(".html"):
                page = with_modules(with_files(body.decode(), bodies), scripts)
                filled = page.replace("{static}", f"/static/{name}").encode()
                pages[path] = Asset.from_bytes(filled, ".html")
            else:
                files[path] = Asset.from_bytes(body, Path(path).suffix)
        return cls(files, pages, name)


def with_files(page: str, bodies: Mapping[str, bytes]) -> str:
    """Put the texts of files where a page names them: what its first view needs."""
    return _FILE.sub(lambda named: bodies[named[1]].decode(), page)


def with_modules(page: str, scripts: Mapping[str, str]) -> str:
    """Put a `modulepreload` for each imported module before the module scripts of a page."""

    def preloads(script: re.Match[str]) -> str:
        links = [
            f'<link rel="modulepreload" href="{{static}}/{path}">'
            for path in modules_of(script[1], scripts)
        ]
        return "\n".join([*links, script[0]])

    return _MODULE_SCRIPT.sub(preloads, page)


ASSETS: Final = Assets.read(FOLDER, third_party.found())
"""The files of this installation; read at import, so never while viewers wait."""
