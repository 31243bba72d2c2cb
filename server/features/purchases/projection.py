"""Keeps purchases up to date with the ledgers that the archive copies."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Raw, Struct, msgpack
from sqlalchemy import case
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS
from server.features.orders.messages import Order
from server.features.purchases.tables import LINES, PLACES, PURCHASES, REVENUE
from server.records.projection import UNREADABLE, Entry, RoomHead, empty_tables
from server.records.upsert import insert_into

SUMS = ("orders", "units", "gross", "off", "returned_orders", "returned")
_TABLES = (PURCHASES, LINES, REVENUE)


class _Line(Struct):
    """The fields of a ledger line that purchases are made from."""

    k: str
    at: int = 0
    was: str | None = None
    back: int | None = None
    order: Raw = Raw()


_LINES = msgpack.Decoder(list[_Line])
_ORDER = msgpack.Decoder(Order)


class Changes:
    """What some entries of a ledger change: each order as it is after them, and the revenue."""

    def __init__(self) -> None:
        self.orders: dict[str, tuple[Order, bytes]] = {}
        self._lines_of: set[str] = set()
        """The orders that were placed, or of which units came back."""
        self.paid: dict[str, int] = {}
        self.revenue: dict[tuple[int, str], Counter[str]] = {}

    def add_entry(self, entry: Entry) -> None:
        """Add the orders of an entry; one that can't be read is left out, with its entry's rest."""
        try:
            for line in _LINES.decode(entry.body):
                if line.k == "order":
                    self._add(line, _ORDER.decode(line.order))
        except UNREADABLE:
            pass

    def _add(self, line: _Line, order: Order) -> None:
        self.orders[order.order] = order, bytes(line.order)
        if line.was is None or line.back is not None or order.status == "returned":
            self._lines_of.add(order.order)
        if order.status == "paid" and line.was != "paid":
            self.paid[order.order] = line.at
            units = sum(each.qty for each in order.lines)
            sold = {"orders": 1, "units": units, "gross": order.total, "off": order.off}
            self._count(order, sold)
        elif order.status in ("paid", "returned"):
            whole = order.status == "returned" and line.was != "returned"
            # A line without `back` is from before orders could come back in parts.
            back = order.total if line.back is None else line.back
            self._count(order, {"returned_orders": int(whole), "returned": back})

    def lines_of(self, room: RoomHead) -> list[dict[str, Any]]:
        """The rows of the lines that are new or have changed."""
        orders = (order for id_, (order, _) in self.orders.items() if id_ in self._lines_of)
        return [row for order in orders for row in line_rows_of(room, order)]

    def _count(self, order: Order, sums: dict[str, int]) -> None:
        day = order.created // DAY_MS
        self.revenue.setdefault((day, order.currency), Counter()).update(sums)


class PurchaseProjection:
    """A row an order, a row a line, and the revenue by day."""

    name = "purchases"
    version = 3
    streams: Collection[str] = ("ledger",)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next entries of a room's ledger."""
        assert stream in self.streams
        changes = Changes()
        for entry in entries:
            changes.add_entry(entry)
        if not changes.orders:
            return
        last = await _take_places(connection, len(changes.orders))
        first = last - len(changes.orders) + 1
        rows = [
            row_of(room, order, body, changes.paid.get(order.order, 0), place)
            for place, (order, body) in enumerate(changes.orders.values(), first)
        ]
        await _put_orders(connection, rows)
        if lines := changes.lines_of(room):
            await _put_lines(connection, lines)
        if changes.revenue and not room.practice:
            await _add_revenue(connection, room, changes.revenue)

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the tables, or what they hold of one room. Places go on rising."""
        await empty_tables(connection, _TABLES, life)


async def _take_places(connection: AsyncConnection, count: int) -> int:
    """Give the next `count` places; return the last of them."""
    asked = insert_into(connection, PLACES).values(name="changes", last=count)
    asked = asked.on_conflict_do_update(
        index_elements=["name"], set_={"last": PLACES.c.last + count}
    )
    return int(await connection.scalar(asked.returning(PLACES.c.last)) or 0)


def row_of(room: RoomHead, order: Order, body: bytes, paid: int, place: int) -> dict[str, Any]:
    """Return the row of an order as it is now; `paid` (ms) is 0 until it is paid."""
    source = order.source
    return {
        "life": room.life, "order": order.order, "place": place, "room": room.room,
        "host": room.host, "user": order.user, "name": order.name, "status": order.status,
        "currency": order.currency, "total": order.total, "off": order.off,
        "back": order.total if order.status == "returned" else order.back,
        "return_due": order.request.due if order.request and order.request.status == "asked" else 0,
        "units": sum(line.qty for line in order.lines), "created": order.created,
        "changed": order.updated, "paid": paid, "practice": room.practice, "group": order.group,
        "replay": order.replay, "source": source.kind if source else "",
        "source_id": source.id if source else "", "coupon": order.coupon,
        "claim": order.claim, "body": body,
    }  # fmt: skip


async def _put_orders(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    put = insert_into(connection, PURCHASES)
    new = put.excluded
    moved = {
        name: new[name] for name in ("place", "status", "back", "return_due", "changed", "body")
    }
    moved["paid"] = case((new["paid"] > 0, new["paid"]), else_=PURCHASES.c.paid)
    await connection.execute(
        put.on_conflict_do_update(index_elements=["life", "order"], set_=moved), rows
    )


def line_rows_of(room: RoomHead, order: Order) -> list[dict[str, Any]]:
    """Return the rows of an order's lines."""
    whole = order.status == "returned"
    return [
        {"life": room.life, "order": order.order, "n": n, "sale": line.sale, "sku": line.sku,
         "qty": line.qty, "price": line.price, "merchant": line.merchant, "goods": line.goods,
         "returned": line.qty if whole else line.returned}
        for n, line in enumerate(order.lines)
    ]  # fmt: skip


async def _put_lines(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    put = insert_into(connection, LINES)
    came_back = {"returned": put.excluded["returned"]}
    await connection.execute(
        put.on_conflict_do_update(index_elements=["life", "order", "n"], set_=came_back), rows
    )


async def _add_revenue(
    connection: AsyncConnection, room: RoomHead, days: dict[tuple[int, str], Counter[str]]
) -> None:
    rows = [
        {"life": room.life, "day": day, "currency": currency, "host": room.host}
        | {name: sums[name] for name in SUMS}
        for (day, currency), sums in days.items()
    ]
    put = insert_into(connection, REVENUE)
    more = {name: REVENUE.c[name] + put.excluded[name] for name in SUMS}
    await connection.execute(
        put.on_conflict_do_update(index_elements=["life", "day", "currency"], set_=more), rows
    )
