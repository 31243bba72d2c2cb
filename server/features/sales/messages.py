"""The messages about sales: commands, events, and the structs inside them."""

from typing import Annotated

from msgspec import Meta

from server.protocol.fields import Id, Money, Qty, Seconds, Sku, Units
from server.protocol.message import Command


class SaleOpen(Command, tag="sale.open", frozen=True, kw_only=True):
    """Open a flash sale now, or in `starts_in_s` seconds; `lasts_s` 0 means until closed."""

    sku: Sku
    price: Money
    stock: Qty
    per_user: Qty
    hold_s: Annotated[int, Meta(ge=1, le=86_400)]
    starts_in_s: Seconds = 0
    lasts_s: Seconds = 0


class SaleClose(Command, tag="sale.close", frozen=True, kw_only=True):
    """Close a sale; held orders may still be paid until their hold lapses."""

    sale: Id


class SaleRestock(Command, tag="sale.restock", frozen=True, kw_only=True):
    """Add units to a sale, or set how many it has in all: send `add` or `stock`.

    `stock` may lower the number, but not below the units that are held and sold.
    """

    sale: Id
    add: Qty | None = None
    stock: Units | None = None
