"""Keeps what is to be sent up to date with the ledgers that the archive copies."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Raw, Struct, msgpack
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.orders.messages import Line, Order
from server.features.sending.tables import CONSIGNMENTS, PARCELS
from server.records.projection import Entry, RoomHead, empty_tables, read_entry
from server.records.upsert import insert_into

_NEVER_PAID = ("held", "cancelled", "expired", "refund_due", "refunded")


class _Line(Struct):
    """A line of the ledger, as far as it is about an order."""

    k: str
    order: Raw = Raw()


_LINES = msgpack.Decoder(list[_Line])
_ORDER = msgpack.Decoder(Order)


class SendingProjection:
    """A row a paid order and sender; and which orders are in which parcel."""

    name = "sending"
    version = 1
    streams: Collection[str] = ("ledger",)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next entries of a room's ledger: each order as they leave it."""
        assert stream in self.streams
        orders = {
            order.order: order
            for entry in entries
            for order in read_entry(entry, _orders_in)
            if order.status not in _NEVER_PAID
        }
        if rows := [row for order in orders.values() for row in consignments_of(room, order)]:
            put = insert_into(connection, CONSIGNMENTS)
            await connection.execute(
                put.on_conflict_do_update(
                    index_elements=["life", "order", "merchant"],
                    set_={"state": put.excluded["state"]},
                ),
                rows,
            )
        await _put_parcels(connection, room, [each for each in orders.values() if each.parcels])

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the tables, or what they hold of one room."""
        await empty_tables(connection, (CONSIGNMENTS, PARCELS), life)


def sender_of(line: Line, host: str) -> str:
    """Return the merchant who sends a line, '' for the host."""
    return "" if line.merchant == host else line.merchant


def units_left(order: Order) -> dict[str, int]:
    """sale -> units of an order that are still to be sent."""
    sent: Counter[str] = Counter()
    for parcel in order.parcels:
        for each in parcel.lines:
            sent[each.sale] += each.qty
    if order.status != "paid" or order.practice:
        return dict.fromkeys((line.sale for line in order.lines), 0)
    return {line.sale: max(0, line.qty - line.returned - sent[line.sale]) for line in order.lines}


def consignments_of(room: RoomHead, order: Order) -> list[dict[str, Any]]:
    """Return the rows of an order, one a sender."""
    left, open_units = units_left(order), Counter[str]()
    for line in order.lines:
        open_units[sender_of(line, room.host)] += left[line.sale]
    return [
        {"life": room.life, "order": order.order, "merchant": merchant, "room": room.room,
         "host": room.host, "paid": order.paid or order.created,
         "state": _state_of(order, merchant, units)}
        for merchant, units in open_units.items()
    ]  # fmt: skip


def _state_of(order: Order, merchant: str, units: int) -> str:
    if units:
        return "to_send"
    own = [parcel for parcel in order.parcels if parcel.merchant == merchant]
    if not own:
        return "none"
    return "delivered" if all(parcel.delivered for parcel in own) else "sent"


async def _put_parcels(
    connection: AsyncConnection, room: RoomHead, orders: Sequence[Order]
) -> None:
    if not orders:
        return
    of_orders = PARCELS.c.life == room.life, PARCELS.c.order.in_([each.order for each in orders])
    await connection.execute(delete(PARCELS).where(*of_orders))
    rows = [
        {"life": room.life, "order": order.order, "parcel": parcel.parcel, "room": room.room,
         "host": room.host, "merchant": parcel.merchant}
        for order in orders
        for parcel in order.parcels
    ]  # fmt: skip
    await connection.execute(insert(PARCELS), rows)


def _orders_in(body: bytes) -> list[Order]:
    return [_ORDER.decode(line.order) for line in _LINES.decode(body) if line.k == "order"]
