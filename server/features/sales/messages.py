"""The messages about sales: commands, events, and the structs inside them."""

from typing import Annotated

from msgspec import Meta

from server.features.stock.messages import SaleKind
from server.protocol.fields import Currency, Id, Money, Qty, Seconds, Sku, Units
from server.protocol.input import Input
from server.protocol.message import Command, Ok

ROWS_MAX = 500


class SaleOpen(Command, tag="sale.open", frozen=True, kw_only=True):
    """Open a sale now, in `starts_in_s` seconds, or at `starts_at` (Unix ms).

    A flash sale lasts `lasts_s` seconds, 0: until closed. A `standing` one is the ordinary sale
    of a product: no draw, no end, open as long as the product is on the shelf. With `base`, the
    product's standing sale, a flash sale takes its units from there, and gives back what is left.
    """

    sku: Sku
    price: Money
    stock: Qty
    per_user: Qty
    hold_s: Annotated[int, Meta(ge=1, le=86_400)]
    starts_in_s: Seconds = 0
    lasts_s: Seconds = 0
    kind: SaleKind = "flash"
    starts_at: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    base: Id | None = None


class SalePrice(Command, tag="sale.price", frozen=True, kw_only=True):
    """Change the price of a standing sale, in the minor unit. Orders keep theirs."""

    sale: Id
    price: Money


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


class ShelfRow(Input, frozen=True, kw_only=True, omit_defaults=True):
    """What shall be true of one product; what is absent stays as it is.

    `price` is on the shelf and of the product's standing sale, `stock` all units of that sale. A
    sku that is not on the shelf is put there, with title, price and currency.
    """

    sku: Sku
    title: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    price: Money | None = None
    currency: Currency | None = None
    stock: Units | None = None


class ShelfEdit(Command, tag="shelf.edit", frozen=True, kw_only=True):
    """Change many products at once: all, or none and a sentence for each row that is wrong."""

    rows: Annotated[list[ShelfRow], Meta(min_length=1, max_length=ROWS_MAX)]


class ShelfEditOk(Ok, tag="ok", frozen=True, kw_only=True):
    """How many products were put, and how many changed."""

    added: int
    changed: int
