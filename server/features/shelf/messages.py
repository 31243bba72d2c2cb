"""The messages about shelf: commands, events, and the structs inside them."""

from typing import Annotated

from msgspec import Meta, Struct

from server.protocol.fields import Currency, Money, Phrase, Sku, Url
from server.protocol.message import Command, Event

Link = Annotated[str, Meta(max_length=2000, pattern=r"^https?://[^\s/]\S*$")]
PROOFS_MAX = 5


class Proof(Struct, frozen=True, omit_defaults=True):
    """What shows that a product is genuine: a certificate, its number, where to look it up."""

    label: Annotated[str, Meta(min_length=1, max_length=100)]
    number: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    url: Link | None = None


class Product(Struct, frozen=True, omit_defaults=True):
    """One thing on the shelf. `points` say why to want it, `flaws` what to know before buying.

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


class ProofInput(Proof, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A proof as a host writes it."""


class ProductInput(Product, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A product as a host puts it on the shelf."""

    proofs: Annotated[tuple[ProofInput, ...], Meta(max_length=PROOFS_MAX)] = ()


class ShelfPut(Command, tag="shelf.put", frozen=True, kw_only=True):
    """Add a product or replace the one of the same sku."""

    product: ProductInput


class ShelfRemove(Command, tag="shelf.remove", frozen=True, kw_only=True):
    """Take a product off the shelf."""

    sku: Sku


class Pin(Command, tag="pin", frozen=True, kw_only=True):
    """Pin the product being explained."""

    sku: Sku


class Unpin(Command, tag="unpin", frozen=True, kw_only=True):
    """Unpin whatever is pinned."""


class ShelfEvent(Event, tag="shelf", frozen=True, kw_only=True, omit_defaults=True):
    """A product was put on the shelf (`put`) or taken off (`remove`, a sku)."""

    put: Product | None = None
    remove: str | None = None


class PinEvent(Event, tag="pin", frozen=True, kw_only=True, omit_defaults=False):
    """This sku is pinned now; null: none."""

    sku: str | None = None  # a script cannot say null, it leaves the field out
