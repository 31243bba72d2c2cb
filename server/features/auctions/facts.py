"""The facts that the timeline keeps about auctions, and what they add to the figures."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from msgspec import Struct

from server.features.auctions.messages import Auction
from server.rooms.facts import Fact
from server.rooms.retelling import Entries, Retell, Retelling
from server.rooms.tally import Take, Tallies, Tally

_STEP_MS = 5000


class AuctionFact(Fact, tag="auction", frozen=True, kw_only=True):
    """An auction was opened, its host gave fair warning of the hammer (`warned`), the hammer fell,
    or it was cancelled."""

    shown: ClassVar[tuple[str, ...]] = ("auction",)

    what: Literal["opened", "warned", "hammered", "cancelled"]
    auction: Auction


class BidsFact(Fact, tag="bids", frozen=True, kw_only=True):
    """An auction came to `price` after so many `bids`; bids of one moment are one fact."""

    shown: ClassVar[tuple[str, ...]] = ("auction_id", "price", "bids", "leader", "paddle", "ends")

    auction_id: str
    price: int
    bids: int
    leader: str
    paddle: int
    ends: int


class Bidding(Retelling):
    """Tells how a price rose in steps of some seconds: a replay has room for so many entries."""

    def __init__(self, entries: Entries) -> None:
        super().__init__(entries)
        self._told: dict[str, int] = {}

    def facts(self) -> Mapping[type[Fact], Retell]:
        return {BidsFact: self._bids}

    def _bids(self, place: str, fact: dict[str, Any]) -> None:
        name, at = fact["auction_id"], fact["at"]
        if at >= self._told.get(name, 0) + _STEP_MS:
            self._told[name] = at
            self.entries.add_entry(place, fact)


class AuctionNumbers(Struct, kw_only=True):
    """The auctions of a room."""

    auctions: int
    auctions_sold: int
    bids: int


class AuctionTally(Tally):
    """Counts auctions, open ones too, those whose hammer fell for somebody, and bids."""

    Numbers = AuctionNumbers

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._auctions: set[str] = set()
        self._sold: set[str] = set()
        self._bids: dict[str, int] = {}

    def facts(self) -> Mapping[type[Fact], Take]:
        return {AuctionFact: self._auction, BidsFact: self._bid}

    def numbers(self) -> Mapping[str, Any]:
        return {
            "auctions": len(self._auctions),
            "auctions_sold": len(self._sold),
            "bids": sum(self._bids.values()),
        }

    def _auction(self, fact: dict[str, Any]) -> None:
        auction = fact["auction"]
        self._auctions.add(auction["auction"])
        if auction["status"] == "sold":
            self._sold.add(auction["auction"])

    def _bid(self, fact: dict[str, Any]) -> None:
        name = fact["auction_id"]
        self._bids[name] = max(self._bids.get(name, 0), fact["bids"])
