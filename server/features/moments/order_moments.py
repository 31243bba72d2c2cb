"""Each order's moment: pin, price, flaws and points that its buyer was shown, from the timeline."""

from functools import cache

from msgspec import Struct

from server.access.auth import Identity
from server.feature import facts_of
from server.features import find
from server.features.orders.messages import Line, Order
from server.features.replay.moment import Moment
from server.features.replay.replay import Replays
from server.features.sending.parties import HOST, Parties
from server.features.shelf.messages import Product
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.protocol.room import Phase
from server.rooms.directory import Directory
from server.rooms.fact_book import FactBook
from server.store.room_store import RoomStore

_SHOWING = ("shelf", "sales", "phases")
"""The features whose facts say what was on show."""


class ShownLine(Struct, frozen=True, omit_defaults=True):
    """A line of an order, with its product as it stood on the shelf; `price` is what was paid for
    one. `pinned`: it was being explained."""

    sale: str
    sku: str
    title: str
    qty: int
    price: int
    product: Product | None = None
    pinned: bool = False


class OrderMoment(Struct, frozen=True, omit_defaults=True):
    """What the buyer of an order was shown at `at` (Unix ms), when they bought.

    `second` is the place in the replay, which `replay` leads to; both are absent before the start.
    """

    room: str
    order: str
    at: int
    currency: str
    phase: Phase
    lines: list[ShownLine]
    pin: Product | None = None
    second: int | None = None
    replay: str = ""


@cache
def showing_facts() -> FactBook:
    """The few facts that say what was on show: of these a room has few, however much is said."""
    features = find()
    return facts_of({name: features[name] for name in _SHOWING})


class OrderMoments:
    """Reads the moments of orders, also of rooms that left Redis."""

    def __init__(self, store: RoomStore, directory: Directory, parties: Parties) -> None:
        self._replays = Replays(store, directory, showing_facts())
        self._parties = parties

    async def of_order(self, who: Identity, room: str, order_id: str) -> OrderMoment:
        """The moment of an order, for its buyer, for who sends some of it and for the operator.

        Raises CommandError, RecordsAway.
        """
        order = await self._parties.order(room, order_id) if who.may_enter(room) else None
        lines = await self._lines_for(who, order) if order is not None else []
        if order is None or not lines:
            raise CommandError("not_found", "There is no such order of yours in this room.")
        then, started = await self._replays.then(room, order.created)
        return _moment(order, lines, then, started)

    async def _lines_for(self, who: Identity, order: Order) -> list[Line]:
        """The lines of an order that somebody may look into: a merchant into the own ones."""
        if who.user == order.user or who.role is Role.ADMIN:
            return order.lines
        if who.role is Role.HOST and await self._parties.is_host(who, order):
            return order.lines
        senders = await self._parties.senders_in(who, order)
        return [line for line in order.lines if (line.merchant or HOST) in senders]


def _moment(order: Order, lines: list[Line], then: Moment, started: int) -> OrderMoment:
    shelf = {each.product.sku: each.product for each in then.shelf}
    pin = then.pin.product if then.pin else None
    second = (order.created - started) // 1000 if 0 < started <= order.created else None
    return OrderMoment(
        room=order.room, order=order.order, at=order.created, currency=order.currency,
        phase=then.phase, pin=pin, second=second,
        lines=[
            ShownLine(
                line.sale, line.sku, line.title, line.qty, line.price, shelf.get(line.sku),
                pin is not None and pin.sku == line.sku,
            )
            for line in lines
        ],
        replay="" if second is None else f"/watch/{order.room}?at={second}",
    )  # fmt: skip
