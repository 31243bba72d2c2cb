"""A host's goods over all streams, over HTTP."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, structs

from server.features.figures.goods import Goods, GoodsView
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.paging import OFFSETS, cursor_to, pages_by_cursor, with_cursor
from server.web.query import query_of
from server.web.route import Route


class GoodsQuery(Input, frozen=True):
    """Which goods, the most sold first: `limit` after the `cursor` of an earlier page, empty to
    begin; without both all of them."""

    cursor: Annotated[str, cursor_to(OFFSETS)] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class GoodsRoutes:
    """The routes about goods under /v1/hosts/{host}."""

    def __init__(self, goods: Goods) -> None:
        self._goods = goods

    def routes(self) -> list[Route]:
        """Every route with its types."""
        goods, host = "/v1/hosts/{host}/goods", Role.HOST
        return [
            Route(
                *("GET", goods, "Read a host's goods.", self.show, host),
                result=GoodsView,
                query=GoodsQuery,
            ),
            Route("GET", f"{goods}.csv", "Download a host's goods.", self.csv, host),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`, or all: asks, questions, units, returns and conversion of each
        product over all streams."""
        asked = query_of(request, GoodsQuery)
        view = await self._goods.of_host(request.match_info["host"])
        if not pages_by_cursor(request, "limit"):
            return json_response(view)
        first = int(asked.cursor or 0)
        after = first + asked.limit
        page = structs.replace(
            view,
            goods=view.goods[first:after],
            next=str(after) if after < len(view.goods) else None,
        )
        return json_response(with_cursor(request, page))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """The same as CSV, a row a currency."""
        host = request.match_info["host"]
        return await csv_response(request, f"goods-{host}", self._goods.csv(host))
