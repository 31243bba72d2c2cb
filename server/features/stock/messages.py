"""The messages about stock: commands, events, and the structs inside them."""

from typing import ClassVar, Literal

from msgspec import Struct

from server.protocol.message import Delivery, Event, Ok

SaleKind = Literal["flash", "standing"]
SaleStatus = Literal["scheduled", "open", "sold_out", "closed"]


class Sale(Struct, frozen=True, omit_defaults=True):
    """A sale of one sku. `left + held + sold == allocated`, always.

    `ver` rises by one with every change of the sale's stock or status; a smaller one is older.
    `ends` is 0 for a sale without an end. `per_user` is the most units one buyer may hold or own.
    Until `fair_until` buys are gathered and then drawn by a seed whose SHA-1 is `draw_hash`; the
    seed is told after the draw. 0: first come, first served from the start. `merchant` owns the
    units, where that is not the host: what is left when it closes goes home to the merchant.
    A `standing` sale is the product's ordinary one. A sale with a `base` took its units from that
    standing sale, and gives back what is left. `was` is the price that may be shown struck through:
    the lowest of the 30 days before this one, if it was higher; 0: none.
    """

    sale: str
    sku: str
    title: str
    price: int
    currency: str
    status: SaleStatus
    per_user: int
    hold_s: int
    starts: int
    ends: int
    allocated: int
    left: int
    held: int
    sold: int
    ver: int
    fair_until: int = 0
    draw_hash: str = ""
    merchant: str = ""
    kind: SaleKind = "flash"
    base: str = ""
    was: int = 0


class SaleEvent(Event, tag="sale", frozen=True, kw_only=True, omit_defaults=True):
    """A sale was opened, sold out, lifted, restocked, lowered, priced or closed: all of it."""

    sale: Sale


class StockEvent(Event, tag="stock", frozen=True, kw_only=True, omit_defaults=True):
    """What is left of a sale. `held` may come back. A smaller `ver` is older."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    key: ClassVar[str] = "sale"
    version: ClassVar[str] = "ver"

    sale: str
    left: int
    held: int
    sold: int
    ver: int


class SaleOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The sale as it is now."""

    sale: Sale
