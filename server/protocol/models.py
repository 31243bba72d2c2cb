"""The nouns that travel inside commands, replies and events.

Money is an integer in the currency's minor unit (fen, cent). Times are Unix milliseconds by the
clock of Redis. Fields that are absent on the wire have the default given here.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from server.protocol.community import Coupon, Lucky, Poll, Question
from server.protocol.fields import Currency, Money, Phrase, Sku, Url

Phase = Literal["scheduled", "live", "ended"]
Kind = Literal["stream", "group"]
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


class Card(Struct, frozen=True, omit_defaults=True):
    """The answer to who asked for the link: the product, and what it can be bought in.

    `by` says how it was found: its number on the shelf, words of its title, or the pin. `sale` is
    the sale that is open, or will be; empty if there is none.
    """

    product: Product
    by: Literal["number", "words", "pin", "sku"]
    sale: str = ""


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
    brought the buyer here, as their `join` said. With a coupon `claim` is the one that is used,
    `coupon` what it was claimed of, and `off` what `total` is less than the lines. `group`: bought
    in the host's fan group; `replay`: bought after the stream had ended.
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


class RoomView(Struct, omit_defaults=True):
    """The public state of a room: what a snapshot holds. The same for every viewer.

    `online` counts connections now, `viewers` distinct people since the room was created (an
    estimate with a standard error of 0.81 %: Redis HyperLogLog). `comments` are the most recent,
    oldest first. `sales` and `coupons` are in the order they were opened.

    A room of the `kind` group is a host's fan group; `group` is the id of the host's group, if
    there is one. `followers` follow the host, `reserved` asked to be told of the start.
    `followers_only`: only they may comment. `selling`: what is on sale can be bought though the
    stream has ended.
    `question` is the one being answered now, `answers` those answered, oldest first; `poll` and
    `lucky` are the newest of their kind.
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
    kind: Kind = "stream"
    group: str = ""
    followers: int = 0
    reserved: int = 0
    followers_only: bool = False
    selling: bool = False
    shelf: list[Product] = []
    sales: list[Sale] = []
    comments: list["CommentView"] = []
    coupons: list[Coupon] = []
    question: Question | None = None
    answers: list[Question] = []
    poll: Poll | None = None
    lucky: Lucky | None = None


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
