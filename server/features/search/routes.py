"""The search over HTTP."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta

from server.features.search.searching import PAGE_MAX, Search, SearchPage
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.caller import caller
from server.web.errors import json_response
from server.web.query import query_of
from server.web.route import Route

_CHARS_MAX = 8192


class SearchQuery(Input, frozen=True):
    """What to look for; how many results after the place that an earlier page named."""

    q: Annotated[
        str,
        Meta(max_length=_CHARS_MAX, description="what to look for, at most search.query_chars_max"),
    ] = ""
    kind: Literal["all", "room", "goods", "host", "answer", "moment", "note"] = "all"
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = 20
    cursor: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^[A-Za-z0-9_-]*$(?!\n)",
            description="the `next` of an earlier page of the same query, or empty to begin",
        ),
    ] = ""


class SearchRoutes:
    """The route of the search, for everybody."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def routes(self) -> list[Route]:
        """The route with its types."""
        return [
            Route(
                "GET",
                "/v1/search",
                "Find rooms, goods, hosts, notes, answers and moments of replays.",
                self.page,
                result=SearchPage,
                query=SearchQuery,
            )
        ]

    async def page(self, request: web.Request) -> web.Response:
        """`?q=阔腿裤&kind=goods&limit=20&cursor=`: see SearchPage."""
        asked = query_of(request, SearchQuery)
        kind = "" if asked.kind == "all" else asked.kind
        page = await self._search.page(
            asked.q, kind, asked.cursor, asked.limit, _user_of(request), request.remote or ""
        )
        return json_response(page)


def _user_of(request: web.Request) -> str:
    """The user who searches; empty for who did not sign in, and for servers that ask for others."""
    try:
        who = caller(request)
    except CommandError:
        return ""
    return "" if who.scopes is not None or who.role is Role.GUEST else who.user
