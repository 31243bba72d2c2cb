"""A room's orders for its host, as JSON and CSV, with totals."""

from aiohttp import web
from msgspec import Struct

from server.features.books.order_book import OrderBook, OrderStats
from server.features.orders.messages import Order
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.route import Route

ORDERS_PER_PAGE = 1000


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
            Route("GET", f"{room}/orders", "Read the orders.", self.page, host, result=OrdersPage),
            Route("GET", f"{room}/orders.csv", "Download the orders.", self.csv, host),
            Route("GET", f"{room}/stats", "Read the totals.", self.stats, host, result=OrderStats),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """`?after=0`: a page of orders changed since a place in the ledger; see OrdersPage."""
        room_id = request.match_info["room"]
        after = _place(request)
        orders, at, more = await self._book.changed(room_id, after, ORDERS_PER_PAGE)
        return json_response(OrdersPage(orders, at, at if more else None))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All orders as CSV, one row a line of an order; times in UTC."""
        room_id = request.match_info["room"]
        return await csv_response(request, f"orders-{room_id}", self._book.csv(room_id))

    async def stats(self, request: web.Request) -> web.Response:
        """Orders and units by status, money by currency."""
        return json_response(await self._book.stats(request.match_info["room"]))


def _place(request: web.Request) -> int:
    raw = request.query.get("after", "0")
    if not raw.isascii() or not raw.isdigit() or len(raw) > 15:
        raise CommandError("bad_message", "`after` must be a place that an earlier page named.")
    return int(raw)
