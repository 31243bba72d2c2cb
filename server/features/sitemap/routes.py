"""Serves what search engines read first: robots.txt, and the sitemap (https://www.sitemaps.org)."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from aiohttp import web

from server.features.sitemap.addresses import KINDS, Address, Addresses
from server.protocol.codes import CommandError
from server.web.page_heads import own_address
from server.web.route import Route

NOT_FOR_ALL: Final = ("/host/", "/ops", "/me", "/login", "/merchant", "/select", "/write")
"""Pages that show a stranger nothing. What fills the others (`/v1/`) must be read to see them."""
XML: Final = "text/xml"
_KEPT: Final = {"Cache-Control": "public, max-age=3600"}
_SPACE: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_PART = re.compile(rf"({'|'.join(KINDS)})-([1-9][0-9]{{0,3}})\.xml")


class SitemapRoutes:
    """Three routes, for everybody."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "GET", "/robots.txt", "Read what search engines may read.", self.robots,
                media="text/plain",
            ),
            Route("GET", "/sitemap.xml", "Read the parts of the sitemap.", self.index, media=XML),
            Route(
                "GET", "/sitemap/{part}", "Read a part of the sitemap.", self.part, media=XML
            ),
        ]  # fmt: skip

    async def robots(self, request: web.Request) -> web.Response:
        """`robots.txt`, with the address of the sitemap."""
        lines = [
            "User-agent: *",
            *(f"Disallow: {path}" for path in NOT_FOR_ALL),
            f"Sitemap: {own_address(request)}/sitemap.xml",
        ]
        return web.Response(text="\n".join(lines) + "\n", headers=_KEPT)

    async def index(self, request: web.Request) -> web.Response:
        """An index of its parts, each with 5,000 pages at most: notes, rooms, hosts."""
        own = own_address(request)
        parts = await self._addresses.parts()
        urls = (f"{own}/sitemap/{kind}-{number}.xml" for kind, number in parts)
        return _xml(
            "sitemapindex", (f"<sitemap><loc>{escape(url)}</loc></sitemap>" for url in urls)
        )

    async def part(self, request: web.Request) -> web.Response:
        """The pages of a part, such as `rooms-1.xml`, the newest first."""
        asked = request.match_info["part"]
        named = _PART.fullmatch(asked)
        found = await self._addresses.part(named[1], int(named[2])) if named is not None else []
        if not found:
            raise CommandError(
                "not_found", f"The sitemap has no part `{asked[:64]}`; `/sitemap.xml` lists them."
            )
        own = own_address(request)
        return _xml("urlset", (_url(own, address) for address in found))


def _url(own: str, address: Address) -> str:
    last = ""
    if address.changed:
        day = datetime.fromtimestamp(address.changed / 1000, UTC)
        last = f"<lastmod>{day:%Y-%m-%dT%H:%M:%SZ}</lastmod>"
    return f"<url><loc>{escape(own + address.path)}</loc>{last}</url>"


def _xml(root: str, rows: Iterable[str]) -> web.Response:
    text = "\n".join(
        ('<?xml version="1.0" encoding="UTF-8"?>', f"<{root} {_SPACE}>", *rows, f"</{root}>", "")
    )
    return web.Response(text=text, content_type=XML, charset="utf-8", headers=_KEPT)
