"""The facts that the timeline keeps about sales."""

from typing import ClassVar, Literal

from server.rooms.facts import Fact


class SaleFact(Fact, tag="sale", frozen=True, kw_only=True):
    """A sale was opened (with all these fields), restocked (with `add`), lowered (with an `add`
    below zero) or closed, or another price was `priced`, as in the ledger. `starts` may lie in the
    future; `ends` 0 is no end."""

    shown: ClassVar[tuple[str, ...]] = (
        "what", "sale", "add", "sku", "title", "price", "currency", "starts", "ends",
        "standing", "was",
    )  # fmt: skip

    what: Literal["opened", "restocked", "lowered", "priced", "closed"]
    sale: str
    add: int = 0
    sku: str = ""
    title: str = ""
    price: int = 0
    currency: str = ""
    starts: int = 0
    ends: int = 0
    standing: bool = False
    was: int = 0
