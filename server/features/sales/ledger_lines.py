"""The lines that sales write to the ledger."""

from typing import Literal

from server.features.stock.messages import SaleKind
from server.rooms.ledger_lines import LedgerLine


class SaleOpenedLine(LedgerLine, tag="sale", frozen=True, kw_only=True, omit_defaults=True):
    """A sale was made with `add` units; `ends` 0: it has no end. `starts`, `ends` in Unix ms.

    With `moved` these units came from that standing sale. `prior` may be shown struck through.
    With `auction` it is of the unit of one: only its bidders get it, each at their own price.
    """

    what: Literal["opened"]
    sale: str
    add: int
    sku: str
    title: str
    price: int
    currency: str
    starts: int
    ends: int
    by: str = ""
    merchant: str = ""
    transfer: str = ""
    auction: str = ""
    moved: str = ""
    kind: SaleKind = "flash"
    prior: int = 0


class SaleRestockedLine(LedgerLine, tag="sale", frozen=True, kw_only=True, omit_defaults=True):
    """`add` units were added to a sale; with `moved` they came from that sale."""

    what: Literal["restocked"]
    sale: str
    add: int
    transfer: str = ""
    merchant: str = ""
    sku: str = ""
    home: int = 0
    moved: str = ""


class SaleLoweredLine(LedgerLine, tag="sale", frozen=True, kw_only=True, omit_defaults=True):
    """Units were taken from a sale; `add` is below zero. With `moved` they went to that sale."""

    what: Literal["lowered"]
    sale: str
    add: int
    transfer: str = ""
    merchant: str = ""
    sku: str = ""
    home: int = 0
    moved: str = ""


class SalePricedLine(LedgerLine, tag="sale", frozen=True, kw_only=True, omit_defaults=True):
    """A standing sale has another price, from `starts` (Unix ms) on. `prior` may be shown struck
    through."""

    what: Literal["priced"]
    sale: str
    add: int
    sku: str
    price: int
    currency: str
    starts: int
    prior: int = 0
    by: str = ""


class SaleClosedLine(LedgerLine, tag="sale", frozen=True, kw_only=True, omit_defaults=True):
    """Nothing more is sold in a sale."""

    what: Literal["closed"]
    sale: str
