"""A host's goods over all streams, over HTTP."""

from aiohttp import web

from server.features.figures.goods import Goods, GoodsView
from server.protocol.roles import Role
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.of_all_rooms import of_all_rooms
from server.web.route import Route


class GoodsRoutes:
    """The routes about goods under /v1/hosts/{host}."""

    def __init__(self, goods: Goods) -> None:
        self._goods = goods

    def routes(self) -> list[Route]:
        """Every route with its types."""
        goods, host = "/v1/hosts/{host}/goods", Role.HOST
        show, csv = of_all_rooms(self.show), of_all_rooms(self.csv)
        return [
            Route("GET", goods, "Read a host's goods.", show, host, result=GoodsView),
            Route("GET", f"{goods}.csv", "Download a host's goods.", csv, host),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Asks, questions, units, returns and conversion of each product over all streams."""
        return json_response(await self._goods.of_host(request.match_info["host"]))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """The same as CSV, a row a currency."""
        host = request.match_info["host"]
        return await csv_response(request, f"goods-{host}", self._goods.csv(host))
