"""The messages about shelf: commands, events, and the structs inside them."""

from typing import Annotated

from msgspec import Meta, Struct

from server.protocol.fields import Currency, Money, Opaque, Phrase, Sku, Url
from server.protocol.message import Command, Event

Link = Annotated[str, Meta(max_length=2000, pattern=r"^https?://[^\s/]\S*$")]
PROOFS_MAX = 5


class Proof(Struct, frozen=True, omit_defaults=True):
    """What shows that a product is genuine: a certificate, its number, where to look it up."""

    label: Annotated[str, Meta(min_length=1, max_length=100)]
    number: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    url: Link | None = None


class ProductSheet(Struct, frozen=True, omit_defaults=True):
    """What is told of a product. `points` say why to want it, `flaws` what to know before buying.

    `proofs` show that it is genuine. `replaces` is the sku of the host's
    earlier product of which this is the newer version.
    """

    sku: Sku
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    price: Money
    currency: Currency
    image: Url | None = None
    url: Url | None = None
    points: Annotated[list[Phrase], Meta(max_length=10)] = []
    flaws: Annotated[list[Phrase], Meta(max_length=10)] = []
    replaces: Sku | None = None
    proofs: Annotated[tuple[Proof, ...], Meta(max_length=PROOFS_MAX)] = ()


class Product(ProductSheet, frozen=True, omit_defaults=True):
    """One thing on the shelf.

    It is the variant of `goods` with these `options`. The server alone sets `merchant`; such a sku
    is `<merchant>:<sku>`, and all but its `points` and `replaces` is the merchant's.
    """

    merchant: Annotated[str, Meta(max_length=24)] = ""
    goods: Annotated[str, Meta(max_length=64)] = ""
    options: Annotated[dict[Phrase, Phrase], Meta(max_length=5)] = {}


class ProofInput(Proof, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A proof as a host writes it."""


class ProductInput(ProductSheet, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A product as a host puts it on the shelf.

    `meta` is the shop's own text about it, which nobody in the room is shown: it goes with each
    order of a later sale into ledger, outbox and exports. Null keeps what was there. Products of
    the same `goods` are one choice, told apart by their `options`, such as size and colour.
    """

    meta: Opaque | None = None
    goods: Annotated[str, Meta(max_length=64)] = ""
    options: Annotated[dict[Phrase, Phrase], Meta(max_length=5)] = {}
    proofs: Annotated[tuple[ProofInput, ...], Meta(max_length=PROOFS_MAX)] = ()


class ShelfPut(Command, tag="shelf.put", frozen=True, kw_only=True):
    """Add a product or replace the one of the same sku."""

    product: ProductInput


class ShelfRemove(Command, tag="shelf.remove", frozen=True, kw_only=True):
    """Take a product off the shelf."""

    sku: Sku


class ShelfMove(Command, tag="shelf.move", frozen=True, kw_only=True):
    """Put a product before another one of the shelf; an empty `before`: at the end."""

    sku: Sku
    before: Annotated[str, Meta(max_length=64)] = ""


class Pin(Command, tag="pin", frozen=True, kw_only=True):
    """Pin the product being explained."""

    sku: Sku


class Unpin(Command, tag="unpin", frozen=True, kw_only=True):
    """Unpin whatever is pinned."""


class ShelfEvent(Event, tag="shelf", frozen=True, kw_only=True, omit_defaults=True):
    """A product was put on the shelf (`put`) or taken off (`remove`, a sku).

    `total` is how many products the shelf has now; 0: all that whoever hears this knows of. On a
    shelf of which not all is shown, a product is also told before it is pinned or goes on sale.
    """

    put: Product | None = None
    remove: str | None = None
    total: int = 0


class ShelfMovedEvent(Event, tag="shelf_moved", frozen=True, kw_only=True, omit_defaults=True):
    """A product stands before another one now; an empty `before`: at the end.

    Whoever does not know `before`, as not all of the shelf is shown, puts it at the end.
    """

    sku: str
    before: str = ""


class PinEvent(Event, tag="pin", frozen=True, kw_only=True, omit_defaults=False):
    """This sku is pinned now; null: none."""

    sku: str | None = None  # a script cannot say null, it leaves the field out
