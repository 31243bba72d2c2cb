"""The lines that orders write to the ledger."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

from msgspec import Struct, field

from server.features.orders.messages import Order, OrderStatus
from server.rooms.ledger_lines import LedgerLine


class TakenUnits(Struct, frozen=True):
    """Units of a sale that came back."""

    sale: str
    sku: str
    qty: int


class OrderLine(LedgerLine, tag="order", frozen=True, kw_only=True, omit_defaults=True):
    """An order came to a status: `order` is the whole order as it is from here on.

    `was` is the status before, absent when the order is placed. It is the same if a part changed:
    `taken` came back, `restock` says whether these units are sold again, and `back` of its money is
    due back or went back by this line. `request` is what became of a buyer's wish to give back,
    `dispute` of a dispute of its payment.
    `terms` of the first line are by which the money of each order line is shared, false: by none.
    """

    types: ClassVar[tuple[str, ...]] = (
        *(f"order.{status}" for status in get_args(OrderStatus)),
        "order.changed",
    )

    was: OrderStatus | None = None
    restock: bool = False
    taken: list[TakenUnits] = field(default_factory=list)
    back: int = 0
    request: Literal["asked", "declined", "withdrawn"] | None = None
    dispute: Literal["opened", "won", "lost"] | None = None
    terms: list[dict[str, Any] | bool] = field(default_factory=list)
    order: Order

    @classmethod
    def type_of(cls, line: Mapping[str, Any]) -> str:
        """By the status it came to: whoever ships what is paid must not ship it twice because a
        part of it was returned."""
        status = line["order"]["status"]
        return "order.changed" if line.get("was") == status else f"order.{status}"


class WantedLine(LedgerLine, tag="unmet", frozen=True, kw_only=True, omit_defaults=True):
    """These `users` were refused units of a sku because too few were left, or queue for some.

    Each is told once, until they are served.
    """

    what: Literal["wanted"]
    sku: str
    users: list[str]


class ServedLine(LedgerLine, tag="unmet", frozen=True, kw_only=True, omit_defaults=True):
    """Orders of these `users`, who had wanted more of a sku than there was, are held now."""

    what: Literal["served"]
    sku: str
    users: list[str]


class DrawLine(LedgerLine, tag="draw", frozen=True, kw_only=True, omit_defaults=True):
    """The buys gathered at a sale's start were served in an order drawn by `seed`."""

    sale: str
    seed: str
    entries: int
