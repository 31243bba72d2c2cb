"""The nouns that travel inside commands, replies and events.

Money is an integer in the currency's minor unit (fen, cent). Times are Unix milliseconds by the
clock of Redis. Fields that are absent on the wire have the default given here.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

# In Python `$` also matches before a newline at the end; `(?!\n)` shuts that out.
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:@-]+$(?!\n)")]
# A path segment `.` or `..` is no segment: browsers and proxies take it away.
RoomId = Annotated[
    str,
    Meta(min_length=1, max_length=64, pattern=r"^(?!\.\.?$)[A-Za-z0-9_.:@-]+$(?!\n)"),
]
Sku = Annotated[str, Meta(min_length=1, max_length=64)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217")]
Money = Annotated[int, Meta(ge=0, le=100_000_000_000)]
Qty = Annotated[int, Meta(ge=1, le=1_000_000)]
Url = Annotated[str, Meta(max_length=2000, pattern=r"^(https?://|/)")]
Phrase = Annotated[str, Meta(min_length=1, max_length=200)]

Phase = Literal["scheduled", "live", "ended"]
SourceKind = Literal["note", "search", "group", "follow", "reservation", "feed", "share"]
SaleStatus = Literal["scheduled", "open", "sold_out", "closed"]
OrderStatus = Literal["held", "paid", "cancelled", "expired", "returned", "refund_due", "refunded"]


class Product(Struct, frozen=True, omit_defaults=True):
    """One thing on the shelf. `points` say why to want it, `flaws` what to know before buying."""

    sku: Sku
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    price: Money
    currency: Currency
    image: Url | None = None
    url: Url | None = None
    points: Annotated[list[Phrase], Meta(max_length=10)] = []
    flaws: Annotated[list[Phrase], Meta(max_length=10)] = []


class Sale(Struct, frozen=True, omit_defaults=True):
    """A flash sale of one sku. `left + held + sold == allocated`, always.

    `ver` rises by one with every change of the sale's stock or status; a smaller one is older.
    `ends` is 0 for a sale without an end. `per_user` is the most units one buyer may hold or own.
    Until `fair_until` buys are gathered and then drawn by a seed whose SHA-1 is `draw_hash`; the
    seed is told after the draw. 0: first come, first served from the start.
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


class Line(Struct, frozen=True):
    """One sale's part of an order; price and title are frozen at the moment of buying."""

    sale: str
    sku: str
    title: str
    qty: int
    price: int


class Source(Struct, frozen=True):
    """What brought a viewer to the room."""

    kind: SourceKind
    id: Annotated[str, Meta(max_length=64)] = ""


class Order(Struct, frozen=True, omit_defaults=True):
    """What a buyer holds or owns. `hold_until` is when an unpaid hold lapses.

    `offer`: it was made for a buyer on the waiting list when units came back. `source` is what had
    brought the buyer here, as their `join` said.
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


class RoomView(Struct, omit_defaults=True):
    """The public state of a room: what a snapshot holds. The same for every viewer.

    `online` counts connections now, `viewers` distinct people since the room was created (an
    estimate with a standard error of 0.81 %: Redis HyperLogLog). `comments` are the most recent,
    oldest first. `sales` are in the order they were opened.
    """

    room: str
    title: str
    host: str
    host_name: str
    phase: Phase
    created: int
    scheduled: int = 0
    started: int = 0
    ended: int = 0
    stream_url: str = ""
    embed_url: str = ""
    online: int = 0
    viewers: int = 0
    likes: int = 0
    slow_s: int = 0
    pin: str | None = None
    notice: str = ""
    shelf: list[Product] = []
    sales: list[Sale] = []
    comments: list["CommentView"] = []


class CommentView(Struct, frozen=True):
    """A comment as the room sees it. `role` is the author's: viewer, moderator, host or admin."""

    id: str
    user: str
    name: str
    role: str
    text: str
    ts: int


class You(Struct, frozen=True):
    """Who the server takes this connection for."""

    user: str
    name: str
    role: str
