"""The feed over HTTP: its pages, what was seen of them, and what a person wants less of."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from server.access.client_address import FORWARDED_FOR, ClientAddresses, rate_name
from server.features.feed.cursors import CURSOR
from server.features.feed.feed import LIMIT_MAX, Feed
from server.features.feed.less import Kind
from server.features.feed.page_tokens import TOKEN_CHARS_MAX
from server.features.feed.rows import FeedPage
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller, caller_or_guest
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.path import part_of_path
from server.web.query import query_of
from server.web.route import Route

TAG_CHARS_MAX = 100
LessKind = Annotated[Kind, Meta(description="what it is")]
LessId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TAG_CHARS_MAX,
        pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)",
        description="the id of the host or note, or the tag",
    ),
]


_NO_KIND = "One sees less of a `host`, a `tag` or a `note`."
_NO_ID = f"What one sees less of has an id, or is a tag, of 1 to {TAG_CHARS_MAX} characters."


class FeedQuery(Input, frozen=True):
    """How many rows; the place after which they begin."""

    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = 20
    cursor: Annotated[str, cursor_to(CURSOR)] = ""


class SeenBody(Input, frozen=True, kw_only=True):
    """Rows of a page that were seen: the `page` of the answer, and which of its rows, from 0."""

    page: Annotated[str, Meta(min_length=1, max_length=TOKEN_CHARS_MAX)]
    rows: Annotated[
        list[Annotated[int, Meta(ge=0, lt=LIMIT_MAX)]], Meta(min_length=1, max_length=LIMIT_MAX)
    ]


class LessBody(Input, frozen=True, kw_only=True):
    """Names what the caller wants to see less of."""

    kind: LessKind
    id: LessId


class LessView(Struct, frozen=True):
    """What the caller wants to see less of, since `at` (Unix ms). `name`: of a host, or the title
    of a note; '' if it is not known."""

    kind: Kind
    id: str
    name: str
    at: int


class LessList(Struct, frozen=True):
    """All of it, the newest first."""

    less: list[LessView]


class SeenCounted(Struct, frozen=True):
    """How many of the rows were counted: an item counts once a viewer and day."""

    counted: int


class FeedRoutes:
    """The routes of the feed."""

    def __init__(self, feed: Feed, addresses: ClientAddresses) -> None:
        self._feed = feed
        self._addresses = addresses

    def routes(self) -> list[Route]:
        """Every route with its types."""
        less, viewer = "/v1/me/less", Role.VIEWER
        return [
            Route(
                "GET", "/v1/feed", "Read live rooms and notes for you.", self.page,
                result=FeedPage, query=FeedQuery,
            ),
            Route(
                "POST", "/v1/feed/seen", "Report which rows of the feed were seen.", self.seen,
                body=SeenBody, result=SeenCounted, no_key="an item counts once a viewer and day",
            ),
            Route(
                "POST", "/v1/feed/less", "See less of a host, tag or note.", self.put_less, viewer,
                LessBody, LessView, no_key="wanting less twice is wanting it once",
            ),
            Route(
                "GET", less, "Read what you want to see less of.", self.less, viewer,
                result=LessList, bound="`feed.less_max`",
            ),
            Route(
                "DELETE", f"{less}/{{kind}}/{{id}}", "Undo it.", self.remove_less, viewer,
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?limit=20&cursor=`: the best first, each with its reason; a guest may ask, too."""
        asked = query_of(request, FeedQuery)
        page = await self._feed.page(caller_or_guest(request), asked.cursor, asked.limit)
        return _private(with_cursor(request, page))

    async def seen(self, request: web.Request) -> web.Response:
        """Answer with how many rows counted."""
        body = await body_of(request, SeenBody)
        who = caller_or_guest(request)
        person = who.user if who is not None else ""
        viewer = person or self._address_of(request)
        return _private(SeenCounted(await self._feed.seen(viewer, person, body.page, body.rows)))

    async def put_less(self, request: web.Request) -> web.Response:
        """Answer with what was noted; rows of it are in no page from now on, or come later."""
        body = await body_of(request, LessBody)
        user = caller(request).user
        less = await self._feed.put_less(user, body.kind, body.id)
        names = {(each.kind, each.id): name for each, name in await self._feed.less_of(user)}
        name = names.get((less.kind, less.id), "")
        return _private(LessView(less.kind, less.id, name, less.at))

    async def less(self, request: web.Request) -> web.Response:
        """The hosts, tags and notes."""
        less = await self._feed.less_of(caller(request).user)
        return _private(
            LessList([LessView(each.kind, each.id, name, each.at) for each, name in less])
        )

    async def remove_less(self, request: web.Request) -> web.Response:
        """Nothing, whether it was there or not."""
        kind = part_of_path(request, "kind", LessKind, _NO_KIND)
        id_ = part_of_path(request, "id", LessId, _NO_ID)
        await self._feed.remove_less(caller(request).user, kind, id_)
        return web.Response(status=204)

    def _address_of(self, request: web.Request) -> str:
        said = request.headers.getall(FORWARDED_FOR, ())
        # No id of a user begins so.
        return f"\n{rate_name(self._addresses.behind(request.remote or '', said))}"


def _private(body: object) -> web.Response:
    response = json_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response
