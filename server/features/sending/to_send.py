"""Lists what a host or a merchant has to send, and what they sent."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from msgspec import MsgspecError, Struct, msgpack
from sqlalchemy import select, tuple_

from server.features.archive.tables import ROOMS
from server.features.orders.messages import Order, Parcel
from server.features.purchases.purchases import moment_path
from server.features.purchases.tables import PURCHASES
from server.features.sending.deliveries import Deliveries, Delivery
from server.features.sending.projection import sender_of, units_left
from server.features.sending.sender import Sender
from server.features.sending.tables import CONSIGNMENTS
from server.records.database import Database
from server.store.room_store import RoomStore

State = Literal["to_send", "sent", "delivered"]
_ORDER = msgpack.Decoder(Order)
_CSV_PAGE = 500


class LineToSend(Struct, frozen=True):
    """A line of an order; `qty` units of it are still to be sent, or were."""

    sale: str
    sku: str
    title: str
    qty: int


class Consignment(Struct, frozen=True, omit_defaults=True):
    """What one sender sends of an order, and where. Times in Unix ms.

    `delivery` is absent while the buyer has not said where it goes. `asked_back`: the buyer wants
    to give units of it back. `moment` tells what the buyer was shown.
    """

    room: str
    title: str
    order: str
    name: str
    paid: int
    lines: list[LineToSend]
    moment: str
    delivery: Delivery | None = None
    parcels: list[Parcel] = []
    asked_back: bool = False


class ConsignmentsPage(Struct):
    """What is to be sent, paid first at the front; what was sent, paid last at the front. `next` is
    the `cursor` of the following page."""

    orders: list[Consignment]
    next: str | None = None


class ToSend:
    """Reads consignments. Methods may raise RecordsAway."""

    def __init__(self, store: RoomStore, records: Database, deliveries: Deliveries) -> None:
        self._store = store
        self._records = records
        self._deliveries = deliveries

    async def page(
        self, sender: Sender, state: State, cursor: str, limit: int, *, with_places: bool
    ) -> ConsignmentsPage:
        """A page of what a sender has to send, or sent; `with_places`: and where it goes."""
        rows = await self._rows(sender, state, cursor, limit + 1)
        page = rows[:limit]
        ids = [row.order for row in page] if with_places else []
        goes = await self._deliveries.of_orders(ids)
        found = []
        for row in page:
            try:
                order = _ORDER.decode(row.body)
            except (MsgspecError, UnicodeDecodeError) as error:
                self._store.note_damaged(row.room, f"order {row.order}", str(error))
                continue
            found.append(_consignment(row, order, goes.get((row.room, row.order))))
        after = f"{page[-1].paid}-{page[-1].order}" if len(rows) > limit else None
        return ConsignmentsPage(found, after)

    async def pages(self, sender: Sender, *, with_places: bool) -> AsyncIterator[list[Consignment]]:
        """Yield all that a sender has to send."""
        cursor: str | None = ""
        while cursor is not None:
            page = await self.page(sender, "to_send", cursor, _CSV_PAGE, with_places=with_places)
            yield page.orders
            cursor = page.next

    async def _rows(self, sender: Sender, state: State, cursor: str, limit: int) -> Sequence[Any]:
        c, place = CONSIGNMENTS.c, (CONSIGNMENTS.c.paid, CONSIGNMENTS.c.order)
        of_order = (c.life == PURCHASES.c.life) & (c.order == PURCHASES.c.order)
        which = [sender.owns(CONSIGNMENTS), c.state == state]
        is_waiting = state == "to_send"
        if cursor:
            paid, _, order = cursor.partition("-")
            at = (int(paid), order)
            which.append(tuple_(*place) > at if is_waiting else tuple_(*place) < at)
        asked = (
            select(c.room, c.order, c.paid, c.host, c.merchant, PURCHASES.c.body, ROOMS.c.title)
            .join_from(CONSIGNMENTS, PURCHASES, of_order)
            .outerjoin(ROOMS, ROOMS.c.life == c.life)
            .where(*which)
            .order_by(*(each if is_waiting else each.desc() for each in place))
        )
        async with self._records.reading() as connection:
            return (await connection.execute(asked.limit(limit))).all()


def _consignment(row: Any, order: Order, delivery: Delivery | None) -> Consignment:
    left = units_left(order)
    own = [line for line in order.lines if sender_of(line, row.host) == row.merchant]
    is_waiting = any(left[line.sale] for line in own)
    return Consignment(
        room=row.room, title=row.title or "", order=row.order, name=order.name, paid=row.paid,
        lines=[
            LineToSend(each.sale, each.sku, each.title, left[each.sale] if is_waiting else each.qty)
            for each in own
            if left[each.sale] or not is_waiting
        ],
        moment=moment_path(row.room, row.order), delivery=delivery,
        parcels=[each for each in order.parcels if each.merchant == row.merchant],
        asked_back=order.request is not None and order.request.status == "asked",
    )  # fmt: skip
