"""The facts that the timeline keeps about returns."""

from msgspec import Struct

from server.rooms.facts import Fact


class ReturnedUnits(Struct, frozen=True):
    """Units of a sale that came back."""

    sale: str
    sku: str
    qty: int


class AskedUnits(Struct, frozen=True):
    """Units of a sale that a buyer wants to give back."""

    sale: str
    qty: int


class ReturnFact(Fact, tag="return", frozen=True, kw_only=True):
    """Units of a paid order of `user` were taken back; with `restock` they went on sale again.

    `amount` of money is due back for them. `whole`: nothing of the order is left with the buyer.
    Facts from before orders could come back in parts have no `lines`: they are about whole orders.
    `reason`: why the buyer had asked for it.
    """

    order: str
    user: str
    restock: bool
    lines: tuple[ReturnedUnits, ...] = ()
    amount: int = 0
    whole: bool = True
    reason: str = ""


class ReturnAskedFact(Fact, tag="return_asked", frozen=True, kw_only=True):
    """`user` asked to give units of an order back, and why."""

    order: str
    user: str
    reason: str
    lines: tuple[AskedUnits, ...]


class ReturnDeclinedFact(Fact, tag="return_declined", frozen=True, kw_only=True):
    """The request of `user` to give units back was declined, and why."""

    order: str
    user: str
    answer: str
