"""The fields about auctions in the reply to a join."""

from msgspec import Struct


class Bidder(Struct, frozen=True):
    """A bidder's number among those of an auction, and their maximum."""

    paddle: int
    max: int


class AuctionMine(Struct):
    """Their place in the newest auction, if they bid."""

    auction: Bidder | None = None
