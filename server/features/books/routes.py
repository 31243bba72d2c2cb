"""A room's orders for its host, as JSON and CSV, with totals."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from server.features.books.order_book import OrderBook, OrderStats
from server.features.orders.messages import Order
from server.features.orders.order_rows import read_orders
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.roles import Role
from server.store.reading import reading
from server.store.room_store import RoomStore
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.paging import cursor_to, next_of, one_place
from server.web.query import query_of
from server.web.route import Route

ORDERS_PER_PAGE = 1000
_PLACE_MAX = 10**15 - 1


class OrdersQuery(Input, frozen=True):
    """Which orders, by their last change: `limit` after the `cursor` of an earlier page, empty to
    begin; or those that changed after a place in the ledger, the `at` of an earlier page."""

    cursor: Annotated[str, cursor_to(r"[0-9]{1,15}")] = ""
    limit: Annotated[int, Meta(ge=1, le=ORDERS_PER_PAGE)] = ORDERS_PER_PAGE
    after: Annotated[int, Meta(ge=0, le=_PLACE_MAX)] = 0


class OrdersPage(Struct):
    """Orders that changed after a place in the ledger, as they are now, oldest change first.

    `at` is the last place this page covers: ask `?after=<at>` later to get newer changes. `next` is
    the `cursor` of the following page, null at the end; asked with `after`, or nothing, it is `at`.
    """

    orders: list[Order]
    at: int
    next: int | str | None = None


class OrderRoutes:
    """Routes under /v1/rooms/{room} about orders."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._book = OrderBook(store)

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, host = "/v1/rooms/{room}", Role.HOST
        return [
            Route(
                "GET", f"{room}/orders/{{order}}", "Read an order.", self.read, host, result=Order
            ),
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
        """`?cursor=&limit=1000`, or `?after=0`: a page of orders; see OrdersPage."""
        room_id = request.match_info["room"]
        asked = query_of(request, OrdersQuery)
        after = int(one_place(asked.cursor, str(asked.after or ""), "after") or 0)
        orders, at, more = await self._book.changed(room_id, after, asked.limit)
        page = OrdersPage(orders, at, at if more else None)
        return json_response(next_of(request, page, "limit"))

    async def read(self, request: web.Request) -> web.Response:
        """One order as it is now."""
        room_id, order = request.match_info["room"], request.match_info["order"]
        with reading():
            found = await read_orders(self._store, room_id, [order])
        if not found:
            raise CommandError("not_found", f"There is no order `{order[:64]}` in this room.")
        return json_response(found[0])

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All orders as CSV, one row a line of an order; times in UTC."""
        room_id = request.match_info["room"]
        return await csv_response(request, f"orders-{room_id}", self._book.csv(room_id))

    async def stats(self, request: web.Request) -> web.Response:
        """Orders and units by status, money by currency."""
        return json_response(await self._book.stats(request.match_info["room"]))
