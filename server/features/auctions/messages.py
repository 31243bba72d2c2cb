"""The messages about auctions: commands, events, and the structs inside them."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from server.protocol.fields import CommandKey, Id, Sku
from server.protocol.message import Command, Delivery, Event, Ok

Amount = Annotated[int, Meta(ge=1, le=100_000_000_000)]
"""An amount that is bid, or by which bids are raised, in the currency's minor unit."""
CounterSeconds = Annotated[int, Meta(ge=1, le=300)]
Reserve = Literal["none", "unmet", "met"]
AuctionStatus = Literal["open", "sold", "unsold", "cancelled"]


class Auction(Struct, frozen=True, omit_defaults=True):
    """One unit that goes to the highest bidder.

    `price` is what the leader pays as of now, 0 before the first bid; the next bid is at least
    `opening` then, and `price + increment` later. `leader` is the leader's masked name, and
    `paddle` their number among the bidders of this auction. A leader who raises the own maximum is
    not counted in `bids`. A bid in the last `counter_bid_s`
    seconds moves `ends` (Unix ms), so that as many are left; with `sudden_death` it does not. Of a
    `reserve` no more is told than whether it is met. Whoever wins has `hold_s` to pay. `reason`
    says why it was cancelled. `merchant` owns the unit, where that is not the host. A smaller `ver`
    is older.
    """

    auction: str
    sku: str
    title: str
    currency: str
    status: AuctionStatus
    opening: int
    increment: int
    counter_bid_s: int
    hold_s: int
    starts: int
    ends: int
    ver: int
    price: int = 0
    bids: int = 0
    bidders: int = 0
    leader: str = ""
    paddle: int = 0
    reserve: Reserve = "none"
    sudden_death: bool = False
    merchant: str = ""
    reason: str = ""


class Standing(Struct, frozen=True, omit_defaults=True):
    """Where a bidder stands in an auction after a bid: their number and their maximum, whether they
    lead, and the price, end and version of the auction."""

    auction: str
    paddle: int
    max: int
    leads: bool
    price: int
    ends: int
    ver: int


class AuctionOpen(Command, tag="auction.open", frozen=True, kw_only=True):
    """Auction one unit of a product on the shelf, for `lasts_s` seconds from now.

    Nobody is told the `reserve`: below it, the unit is not sold. `hold_s` is how long whoever wins
    has to pay.
    """

    sku: Sku
    opening: Amount
    increment: Amount
    hold_s: Annotated[int, Meta(ge=1, le=604_800)]
    lasts_s: Annotated[int, Meta(ge=1, le=604_800)]
    reserve: Amount | None = None
    counter_bid_s: CounterSeconds = 10
    sudden_death: bool = False


class Bid(Command, tag="bid", frozen=True, kw_only=True):
    """Bid up to `max`: the server bids for the caller, never more than it takes to lead.

    `key` is the idempotency key: the same key of the same user is the same bid for ever.
    """

    buys: ClassVar[bool] = True

    auction: Id
    max: Amount
    key: CommandKey


class AuctionHammer(Command, tag="auction.hammer", frozen=True, kw_only=True):
    """Let the hammer fall in `counter_bid_s` seconds, unless somebody bids."""

    auction: Id


class AuctionCancel(Command, tag="auction.cancel", frozen=True, kw_only=True):
    """Cancel an open auction: nobody gets the unit."""

    auction: Id
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class AuctionEvent(Event, tag="auction", frozen=True, kw_only=True, omit_defaults=True):
    """An auction was opened, is about to end, has ended or was cancelled: its whole state."""

    auction: Auction


class BidsEvent(Event, tag="bids", frozen=True, kw_only=True, omit_defaults=True):
    """Tells everybody what an open auction has come to. A smaller `ver` is older."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    key: ClassVar[str] = "auction"
    version: ClassVar[str] = "ver"

    auction: str
    price: int
    bids: int
    bidders: int
    ends: int
    leader: str
    paddle: int
    ver: int
    reserve: Reserve = "none"


class AuctionOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The auction as it is now."""

    auction: Auction


class StandingOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """Tells the caller where they stand now."""

    standing: Standing
