"""The newest auction in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from server.features.auctions.messages import Auction, AuctionEvent, BidsEvent
from server.protocol.message import Event
from server.rooms.part import Part

_MOVED = ("price", "bids", "bidders", "ends", "leader", "paddle", "reserve", "ver")
"""What bids change of an auction."""


class _Newest(Struct):
    auction: Auction | None = None


class AuctionsPart(Part):
    """The newest auction and what it has come to."""

    Loaded = View = _Newest

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.auction: Auction | None = loaded.auction

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {AuctionEvent: self._auction, BidsEvent: self._bids}

    def view(self) -> Mapping[str, Any]:
        return {"auction": self.auction}

    def values(self) -> Iterable[Event]:
        auction = self.auction
        if auction is not None and auction.bids:
            moved = {name: getattr(auction, name) for name in _MOVED}
            yield BidsEvent(auction=auction.auction, **moved)

    def _auction(self, event: AuctionEvent) -> None:
        new, known = event.auction, self.auction
        if known is not None and known.auction == new.auction and known.ver > new.ver:
            moved = {name: getattr(known, name) for name in _MOVED}
            new = msgspec.structs.replace(new, **moved)  # bids overtook it
        self.auction = new

    def _bids(self, event: BidsEvent) -> None:
        known = self.auction
        if known is not None and known.auction == event.auction and event.ver > known.ver:
            moved = {name: getattr(event, name) for name in _MOVED}
            self.auction = msgspec.structs.replace(known, **moved)
