"""The messages about orders: commands, events, and the structs inside them."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from server.protocol.fields import Id, Money, Qty
from server.protocol.input import Input
from server.protocol.joining import Source
from server.protocol.message import Command, Delivery, Event, Ok

OrderStatus = Literal["held", "paid", "cancelled", "expired", "returned", "refund_due", "refunded"]


class Line(Struct, frozen=True, omit_defaults=True):
    """One sale's part of an order; price and title are frozen at the moment of buying.

    `returned` of the `qty` units have come back. `merchant` owns the goods, where it is not the
    host, and `goods` are what the sku is a variant of.
    """

    sale: str
    sku: str
    title: str
    qty: int
    price: int
    returned: int = 0
    merchant: str = ""
    goods: str = ""


ReturnReason = Literal[
    "not_as_shown", "damaged", "wrong_item", "size", "late", "changed_mind", "other"
]


class RequestedUnits(Struct, frozen=True):
    """So many units of a sale."""

    sale: str
    qty: int


class ReturnRequest(Struct, frozen=True, omit_defaults=True):
    """A buyer's wish to give units of an order back; the newest of an order stands in it.

    `asked` and `at` (of the newest status) in Unix ms. Nobody having answered by `due`, it is
    accepted. `answer` is what the host said.
    """

    status: Literal["asked", "accepted", "declined", "withdrawn"]
    lines: list[RequestedUnits]
    reason: ReturnReason
    asked: int
    at: int
    due: int
    note: str = ""
    answer: str = ""


class Parcel(Struct, frozen=True, omit_defaults=True):
    """Units of an order on their way, with whatever else the parcel holds.

    `sent` and `delivered` (0: not yet) in Unix ms. `merchant` sent it, where it was not the host.
    """

    parcel: str
    carrier: str
    tracking: str
    lines: list[RequestedUnits]
    sent: int
    delivered: int = 0
    merchant: str = ""


class Order(Struct, frozen=True, omit_defaults=True):
    """What a buyer holds or owns. `hold_until` is when an unpaid hold lapses.

    `offer`: it was made for a buyer on the waiting list when units came back. `source` is what had
    brought the buyer here, as their `join` said. With a coupon `claim` is the one that is used,
    `coupon` what it was claimed of, and `off` what `total` is less than the lines. `group`: bought
    in the host's fan group; `replay`: bought after the stream had ended. `practice`: it is void,
    for nobody pays in a practice. `back` is the part of `total` that is due back or was given back,
    for units that were returned, or because the provider did so by itself. `paid` is when it was
    paid (Unix ms); orders that were paid before 2026-12 don't have it. `parcels` are on their way,
    or there. `disputed`: the buyer disputes so much of the payment at their bank, and the bank has
    not decided. `auction`: the unit was won in it; with `offer` those who bid more did not pay.
    """

    order: str
    room: str
    user: str
    name: str
    status: OrderStatus
    lines: list[Line]
    total: int
    currency: str
    created: int
    updated: int
    hold_until: int
    offer: bool = False
    source: Source | None = None
    claim: str = ""
    coupon: str = ""
    off: int = 0
    group: bool = False
    replay: bool = False
    practice: bool = False
    back: int = 0
    paid: int = 0
    request: ReturnRequest | None = None
    parcels: list[Parcel] = []
    auction: str = ""
    disputed: int = 0


class BuyLine(Input, frozen=True):
    """One line of a cart."""

    sale: Id
    qty: Qty


class Buy(Command, tag="buy", frozen=True, kw_only=True):
    """Hold units of one sale (`sale`, `qty`) or of several (`lines`): all or nothing.

    `key` is the idempotency key: the same key of the same user gives the same order for ever.
    `claim` is the claimed coupon to use. `at_most` is the total the buyer agreed to, in the minor
    unit: an order that would cost more is refused with `conflict`.
    """

    buys: ClassVar[bool] = True

    key: Annotated[str, Meta(min_length=1, max_length=64)]
    sale: Id | None = None
    qty: Qty = 1
    lines: Annotated[list[BuyLine], Meta(min_length=1, max_length=20)] | None = None
    claim: Id | None = None
    at_most: Money | None = None


class Cancel(Command, tag="cancel", frozen=True, kw_only=True):
    """Give a held order back."""

    order: Id


class Orders(Command, tag="orders", frozen=True, kw_only=True):
    """List the caller's own orders in this room, newest first."""

    reads: ClassVar[bool] = True


class Waitlist(Command, tag="waitlist", frozen=True, kw_only=True):
    """Queue for units of a sold-out sale that may come back; `ok` carries the `place`, 1 is next.

    Whose turn it is gets an order that is held for a short time. `leave` gives the place up.
    """

    buys: ClassVar[bool] = True

    sale: Id
    qty: Qty = 1
    leave: bool = False


class DrawEvent(Event, tag="draw", frozen=True, kw_only=True, omit_defaults=True):
    """The buys gathered at a sale's start were served in the order of SHA-1(seed + " " + user).

    `seed` hashes to the sale's `draw_hash`; `entries` is how many took part.
    """

    sale: str
    seed: str
    entries: int


class OrderEvent(Event, tag="order", frozen=True, kw_only=True, omit_defaults=True):
    """Told to the buyer alone on each change of one of their orders."""

    listed_in: ClassVar[str] = "orders"
    noun: ClassVar[str] = "order"
    version: ClassVar[str] = "updated"

    order: Order


class SoldEvent(Event, tag="sold", frozen=True, kw_only=True, omit_defaults=True):
    """Somebody paid; `name` is masked."""

    delivery: ClassVar[Delivery] = Delivery.SAMPLE

    name: str
    sku: str
    qty: int


class OrderOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The order as it is now."""

    order: Order


class OwnOrders(Struct):
    """Beside `mine` in the reply to a join: the own orders, the newest first."""

    orders: list[Order] = []


class OrdersOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The own orders, the newest first."""

    orders: list[Order]


class PlaceOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The place in the queue, 1 is next; 0 for who was offered something at once, or has left."""

    place: int | None = None
