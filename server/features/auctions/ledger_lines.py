"""The lines that auctions write to the ledger.

They hold what bidders keep secret, for the audit; nothing of it is shown to a host or a viewer.
"""

from typing import Literal

from server.rooms.ledger_lines import LedgerLine


class AuctionOpenedLine(LedgerLine, tag="auction", frozen=True, kw_only=True, omit_defaults=True):
    """An auction of one unit of `sale` was opened, until `ends` (Unix ms) at first."""

    what: Literal["opened"]
    auction: str
    sale: str
    sku: str
    currency: str
    opening: int
    increment: int
    counter_bid_s: int
    ends: int
    reserve: int = 0
    sudden_death: bool = False
    by: str = ""


class AuctionWarnedLine(LedgerLine, tag="auction", frozen=True, kw_only=True, omit_defaults=True):
    """The host gave fair warning: the hammer falls at `ends` (Unix ms), unless somebody bids."""

    what: Literal["warned"]
    auction: str
    ends: int
    by: str = ""


class AuctionHammeredLine(LedgerLine, tag="auction", frozen=True, kw_only=True, omit_defaults=True):
    """The hammer fell: `sold` to `user` at `price`, or `unsold`. So many before them were `passed`
    over, since they could have no order more in this room."""

    what: Literal["hammered"]
    auction: str
    status: Literal["sold", "unsold"]
    bids: int
    price: int = 0
    user: str = ""
    name: str = ""
    passed: int = 0


class AuctionCancelledLine(
    LedgerLine, tag="auction", frozen=True, kw_only=True, omit_defaults=True
):
    """The host cancelled an auction before its end, for this reason."""

    what: Literal["cancelled"]
    auction: str
    reason: str
    by: str = ""


class BidLine(LedgerLine, tag="bid", frozen=True, kw_only=True, omit_defaults=True):
    """The bid number `bid` of an auction, up to `max`; it brought it to `price` and to `ends`. A
    leader's raise of the own maximum is one, too.

    `paddle` is the bidder's number; `leads` says whether they came to lead.
    """

    auction: str
    bid: int
    user: str
    name: str
    paddle: int
    max: int
    price: int
    leads: bool
    ends: int
