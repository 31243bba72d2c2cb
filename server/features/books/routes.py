"""A room's orders for its host, as JSON and CSV, with totals."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from server.features.books.order_book import OrderBook, OrderStats
from server.features.orders.messages import Order
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.query import query_of
from server.web.route import Route

ORDERS_PER_PAGE = 1000
_PLACE_MAX = 10**15 - 1


class OrdersQuery(Input, frozen=True):
    """Which orders: those that changed after a place in the ledger."""

    after: Annotated[int, Meta(ge=0, le=_PLACE_MAX)] = 0


class OrdersPage(Struct):
    """Orders that changed after a place in the ledger, as they are now, oldest change first.

    `at` is the last place this page covers: ask `?after=<at>` later to get newer changes. `next`
    equals `at` if more changes are there already, else null.
    """

    orders: list[Order]
    at: int
    next: int | None = None


class OrderRoutes:
    """Routes under /v1/rooms/{room} about orders."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, host = "/v1/rooms/{room}", Role.HOST
        return [
            Route(
                "GET",
                f"{room}/orders",
                "Read the orders.",
                self.page,
                host,
                result=OrdersPage,
                query=OrdersQuery,
            ),
            Route("GET", f"{room}/orders.csv", "Download the orders.", self.csv, host),
            Route("GET", f"{room}/stats", "Read the totals.", self.stats, host, result=OrderStats),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """`?after=0`: a page of orders changed since a place in the ledger; see OrdersPage."""
        room_id = request.match_info["room"]
        after = query_of(request, OrdersQuery).after
        orders, at, more = await self._book.changed(room_id, after, ORDERS_PER_PAGE)
        return json_response(OrdersPage(orders, at, at if more else None))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All orders as CSV, one row a line of an order; times in UTC."""
        room_id = request.match_info["room"]
        return await csv_response(request, f"orders-{room_id}", self._book.csv(room_id))

    async def stats(self, request: web.Request) -> web.Response:
        """Orders and units by status, money by currency."""
        return json_response(await self._book.stats(request.match_info["room"]))
