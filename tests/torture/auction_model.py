"""What an auction is, in one page: all bids that were taken, and what follows from them."""

from typing import NamedTuple


class TakenBid(NamedTuple):
    """A bid that was taken, in the order in which bids were."""

    user: str
    max: int


class AuctionModel:
    """Reckons everything anew from the list of bids; `reserve` 0: none."""

    def __init__(self, opening: int, increment: int, reserve: int) -> None:
        self.opening, self.increment, self.reserve = opening, increment, reserve
        self.bids: list[TakenBid] = []

    def maxima(self) -> list[TakenBid]:
        """Each bidder's highest bid, the highest first, of equal ones the earlier."""
        best: dict[str, tuple[int, int]] = {}
        for at, bid in enumerate(self.bids):
            if bid.user not in best or bid.max > -best[bid.user][0]:
                best[bid.user] = (-bid.max, at)
        return [TakenBid(user, -best[user][0]) for user in sorted(best, key=best.__getitem__)]

    def price(self, rank: int = 0) -> int:
        """What the bidder of a rank pays if the ranks before had never bid; 0 without one."""
        maxima = self.maxima()[rank:]
        if not maxima:
            return 0
        top, *others = (bid.max for bid in maxima)
        to_beat = [second + self.increment for second in others[:1]]
        asked = max([self.opening, *to_beat, *([self.reserve] if top >= self.reserve else [])])
        return min(asked, top)

    @property
    def leader(self) -> str:
        """Who leads, or ''."""
        return self.maxima()[0].user if self.bids else ""

    @property
    def against_others(self) -> int:
        """How many bids were no leader's raise of the own maximum."""
        bids, self.bids, count = self.bids, [], 0
        for bid in bids:
            count += bid.user != self.leader
            self.bids.append(bid)
        return count

    def least(self, user: str) -> int:
        """The least that a user can bid."""
        if user == self.leader:
            return self.maxima()[0].max + 1
        return self.price() + self.increment if self.bids else self.opening

    def chain(self, most: int) -> list[tuple[str, int]]:
        """Who may get the unit, one after the other, and for how much."""
        able = [bid for bid in self.maxima() if bid.max >= self.reserve]
        return [(bid.user, self.price(rank)) for rank, bid in enumerate(able[:most])]
