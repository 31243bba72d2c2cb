"""The heads of pages that are about one thing, such as a room: what a link to it shows elsewhere,
and what the page shows before its script runs.

Messengers and search engines run no script. They read the title and the Open Graph properties
(https://ogp.me) that stand in the head of the page as it is sent. A browser draws the first view
that stands in its body, while it fetches the scripts. Features say what these are, by
the page's path (`Running.heads`). Whoever shares a link that nobody may read gets the plain page.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Final, NamedTuple
from urllib.parse import urljoin

from aiohttp import web
from cachetools import LRUCache, TTLCache

from server.protocol.codes import CommandError
from server.store.commit import GroupCommit
from server.web.assets import Asset
from server.web.caller import PUBLIC_URL
from server.web.codings import BROTLI_QUALITY_OFTEN

KEPT_MAX = 2000
KEPT_S = 5.0
"""How long a worker keeps a head: a link that is shared is opened by thousands at once."""
PACKED_MAX = 200
"""Packed pages that a worker keeps; one takes about 40 KB."""
WAITING_MAX = 1000

_TITLE: Final = "<title>Liveroom</title>"
"""Stands in each page once; the head takes its place."""
_FIRST_VIEW: Final = "<!-- first view -->"
"""Stands in the pages that can have one."""
_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")


class PageHead(NamedTuple):
    """What a link to a page shows elsewhere. All texts are as people wrote them.

    `image` is an address, as a path on this server or with https, or empty. `properties` are
    further names with their values, such as `product:price:amount`. `first_view` is markup, in
    which all that people wrote is escaped; empty: none.
    """

    title: str
    description: str
    image: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    first_view: str = ""


HeadOf = Callable[[str], Awaitable[PageHead | None]]
"""(id in the path) -> the head of that page; None if there is none to show. May raise
CommandError."""


class PageHeads:
    """Puts heads into pages. `heads` are by the page's path, such as `/watch/{room}`."""

    def __init__(self, heads: Mapping[str, HeadOf]) -> None:
        self._heads = heads
        self._kept: TTLCache[tuple[str, str], PageHead | None] = TTLCache(KEPT_MAX, KEPT_S)
        self._packed: LRUCache[tuple[str, str, str], Asset] = LRUCache(PACKED_MAX)
        self._reads: GroupCommit[tuple[str, str], PageHead | None] = GroupCommit(
            "heads", self._read, batch_max=WAITING_MAX, waiting_max=WAITING_MAX, flights_max=1
        )

    async def page(self, path: str, request: web.Request, plain: Asset) -> Asset:
        """Return the page with the head of what the request is about, else as it is."""
        if path not in self._heads:
            return plain
        [id_] = request.match_info.values()
        head = await self._head(path, id_)
        if head is None:
            return plain
        # Without the query: where a link was shared from counts for nothing here.
        written = _written(head, own_address(request) + request.rel_url.raw_path)
        name = (plain.digest, written, head.first_view)
        packed = self._packed.get(name)
        if packed is None:
            page = plain.body.replace(_TITLE.encode(), written.encode(), 1)
            body = page.replace(_FIRST_VIEW.encode(), head.first_view.encode(), 1)
            packed = Asset.from_bytes(body, ".html", BROTLI_QUALITY_OFTEN)
            self._packed[name] = packed
        return packed

    async def _head(self, path: str, id_: str) -> PageHead | None:
        name = (path, id_)
        if name not in self._kept:
            try:
                self._kept[name] = await self._reads.submit(f"{path} {id_}", name)
            except CommandError:  # there is no such thing, or it can't be read: the page says so
                return None
        return self._kept.get(name)

    async def _read(self, _: str, names: list[tuple[str, str]]) -> list[PageHead | None]:
        path, id_ = names[0]
        return [await self._heads[path](id_)] * len(names)


def own_address(request: web.Request) -> str:
    """This server's address as people outside know it, without a slash at its end."""
    host = request.headers.get("Host", "")
    own = f"{request.scheme}://{host}" if _HOST.fullmatch(host) else ""
    return (request.app.get(PUBLIC_URL, "") or own).rstrip("/")


def _written(head: PageHead, address: str) -> str:
    """The head's elements; nothing that people wrote can end an attribute or an element."""
    image = urljoin(address, head.image) if head.image else ""
    shown = [
        ("og:type", "website"),
        ("og:site_name", "Liveroom"),
        ("og:title", head.title),
        ("og:description", head.description),
        ("og:url", address),
        ("og:image", image),
        ("twitter:card", "summary_large_image" if image else "summary"),
        *head.properties,
    ]
    lines = [f"<title>{escape(head.title)} · Liveroom</title>"]
    if head.description:
        lines.append(f'<meta name="description" content="{escape(head.description)}">')
    lines += [
        f'<meta property="{escape(name)}" content="{escape(value)}">'
        for name, value in shown
        if value
    ]
    return "\n".join(lines)
