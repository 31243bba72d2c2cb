"""What a room sold, for its host: orders as JSON and CSV, and their totals."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct, msgpack

from server.protocol.codes import CommandError
from server.protocol.models import Order
from server.protocol.roles import Role
from server.rooms import ledger
from server.rooms.dispatch import holds
from server.rooms.order_book import OrderBook, OrderStats
from server.store.scripts import Scripts
from server.web.caller import caller
from server.web.errors import json_response
from server.web.rest import Route

ORDERS_PER_PAGE = 1000
_ORDER = msgpack.Decoder(Order)
_BOM = "\ufeff"  # without it spreadsheets read Chinese names in the wrong encoding


class OrdersPage(Struct):
    """Orders that changed after a place in the ledger, as they are now, oldest change first.

    `at` is the place up to which this page goes: ask `?after=<at>` later for what changed since.
    `next` is the same place if more is there already, else null.
    """

    orders: list[Order]
    at: int
    next: int | None = None


class RoomOrders:
    """Routes under /v1/rooms/{room} about orders. `host_of` names a room's host."""

    def __init__(self, scripts: Scripts, host_of: Callable[[str], Awaitable[str]]) -> None:
        self._scripts = scripts
        self._book = OrderBook(scripts)
        self._host_of = host_of

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
        room_id = await self._own_room(request)
        after = _place(request)
        return json_response(await self._changed(room_id, after))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All orders as CSV, one row a line of an order; times in UTC."""
        room_id = await self._own_room(request)
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": f'attachment; filename="orders-{_file_name(room_id)}.csv"',
                "Cache-Control": "no-store",
            }
        )
        await response.prepare(request)
        await response.write(_BOM.encode())
        async for rows in self._book.csv(room_id):
            await response.write(rows.encode())
        await response.write_eof()
        return response

    async def stats(self, request: web.Request) -> web.Response:
        """Orders and units by status, money by currency."""
        return json_response(await self._book.stats(await self._own_room(request)))

    async def _own_room(self, request: web.Request) -> str:
        """The room's id, if the caller is its host or an admin. Raises CommandError."""
        room_id = request.match_info["room"]
        who = caller(request)
        if not holds(who, Role.HOST, room_id, await self._host_of(room_id)):
            raise CommandError("forbidden", "A room's orders are for its host.")
        return room_id

    async def _changed(self, room_id: str, after: int) -> OrdersPage:
        changed: dict[str, None] = {}
        at, more = after, False
        async for chunk in ledger.read(self._scripts, room_id, after):
            at = chunk[-1][0]
            changed |= {
                entry["order"]["order"]: None for _, entry in chunk if entry["k"] == "order"
            }
            if len(changed) >= ORDERS_PER_PAGE:
                more = True
                break
        key = self._scripts.keys.room(room_id, "orders")
        raw = await self._scripts.redis.hmget(key, list(changed)) if changed else []
        orders = [_ORDER.decode(order) for order in raw if order is not None]
        return OrdersPage(orders, at, at if more else None)


def _place(request: web.Request) -> int:
    raw = request.query.get("after", "0")
    if not raw.isascii() or not raw.isdigit() or len(raw) > 15:
        raise CommandError("bad_message", "`after` must be a place that an earlier page named.")
    return int(raw)


def _file_name(room_id: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in room_id)
