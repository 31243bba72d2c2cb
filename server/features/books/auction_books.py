"""Auctions for the books: what a room's ledger makes of bids, computed a second time. Pure."""

from bisect import bisect_left, insort
from typing import Any, NamedTuple

from server.features.ledger.ledger import Line

_RANKED_ABOVE = 10**13
"""As in `auctions/_bidding.lua`: above every maximum."""


class Bidder(NamedTuple):
    """A bidder's highest maximum, the number of the bid that brought it, and their own number."""

    max: int
    n: int
    paddle: int


class BookedAuction:
    """One auction as its lines make it."""

    def __init__(self, opened: Line) -> None:
        self.sale: str = opened["sale"]
        self.opening: int = opened["opening"]
        self.increment: int = opened["increment"]
        self.reserve: int = opened.get("reserve", 0)
        self.counter_ms: int = opened["counter_bid_s"] * 1000
        self.sudden_death: bool = opened.get("sudden_death", False)
        self.ends: int = opened["ends"]
        self.status = "open"
        self.bidders: dict[str, Bidder] = {}
        self.taken = 0
        """All bids that were taken."""
        self.bids = 0
        """Those against somebody: no leader's raise of the own maximum."""
        self._ranks: list[tuple[int, int, str]] = []
        self.offered = -1
        """The rank of the last bidder for whom the unit was held."""
        self.sold_to, self.sold_at = "", 0

    def put(self, user: str, bidder: Bidder) -> None:
        """Give a bidder the rank of their newest bid."""
        if known := self.bidders.get(user):
            del self._ranks[bisect_left(self._ranks, (-known.max, known.n, user))]
        self.bidders[user] = bidder
        insort(self._ranks, (-bidder.max, bidder.n, user))

    def ranks(self) -> list[str]:
        """The bidders, the highest maximum first; of equal ones the earlier bid."""
        return [user for _, _, user in self._ranks]

    def max_at(self, rank: int) -> int:
        """The maximum of the bidder of a rank, 0 if there is none."""
        return -self._ranks[rank][0] if rank < len(self._ranks) else 0

    def price_at(self, rank: int) -> int:
        """Return what the bidder of a rank pays if those before never bid."""
        own = self.max_at(rank)
        price = self.opening
        if below := self.max_at(rank + 1):
            price = max(price, min(own, below + self.increment))
        return max(price, self.reserve) if own >= self.reserve else price

    @property
    def leader(self) -> str:
        """The user of the highest maximum, or ''."""
        return self._ranks[0][2] if self._ranks else ""

    @property
    def price(self) -> int:
        """What the leader pays, 0 before the first bid."""
        return self.price_at(0) if self._ranks else 0

    def is_low(self, user: str, most: int) -> bool:
        """Whether a bid up to `most` is too low to be taken."""
        if user == self.leader:
            return most <= self.bidders[user].max
        return most < (self.price + self.increment if self.bids else self.opening)

    def row(self) -> dict[str, Any]:
        """Return what the room keeps of it, as far as lines tell it."""
        row = {
            "sale": self.sale, "opening": self.opening, "increment": self.increment,
            "reserve": self.reserve, "sudden_death": self.sudden_death, "ends": self.ends,
            "status": self.status, "price": self.price, "bids": self.bids, "taken": self.taken,
            "bidders": len(self.bidders), "user": self.leader,
            "top": self.max_at(0), "second": self.max_at(1),
        }  # fmt: skip
        if self.status == "sold":  # the unit may have gone to one after the leader
            row |= {"price": self.sold_at, "user": self.sold_to}
        return row


class AuctionBooks:
    """Auctions computed from the ledger; broken rules are added to `wrong`."""

    def __init__(self, wrong: list[str]) -> None:
        self.auctions: dict[str, BookedAuction] = {}
        self.of_sale: dict[str, str] = {}
        self.early: dict[str, int] = {}
        """Auctions whose hammer fell before their end, and when: as the end of a stream does it."""
        self._wrong = wrong

    def add_line(self, number: int, entry: Line) -> None:
        """Add a line about an auction: opened, warned, hammered or cancelled, or a bid."""
        name = entry["auction"]
        if entry["k"] == "auction" and entry["what"] == "opened":
            if name in self.auctions:
                self._wrong.append(f"entry {number}: auction {name} was opened before")
            self.auctions[name] = BookedAuction(entry)
            self.of_sale[entry["sale"]] = name
            return
        auction = self.auctions.get(name)
        if auction is None or auction.status != "open":
            self._wrong.append(f"entry {number}: auction {name} is not open")
            return
        if entry["k"] == "bid":
            self._bid(number, auction, entry)
        elif entry["what"] == "warned":
            self._warned(number, auction, entry)
        elif entry["what"] == "cancelled":
            self._must_not_be_over(number, auction, entry)
            auction.status, auction.ends = "cancelled", entry["at"]
        else:
            self._hammered(number, auction, entry)

    def order(self, number: int, order: dict[str, Any]) -> None:
        """Check a new order: if it is of an auction's unit, its buyer must be the next in turn."""
        names = {self.of_sale.get(line["sale"], "") for line in order["lines"]}
        name = order.get("auction", "")
        if names != {name}:
            self._wrong.append(f"entry {number}: order {order['order']} is of another auction")
        auction = self.auctions.get(name)
        if auction is None:
            return
        ranks, line = auction.ranks(), order["lines"][0]
        rank = ranks.index(order["user"]) if order["user"] in ranks else -1
        price = auction.price_at(rank) if rank >= 0 else 0
        # An order may stand before the line of its hammer: one call writes both.
        if rank <= auction.offered or auction.status not in ("open", "sold"):
            self._wrong.append(
                f"entry {number}: it is not the turn of {order['user']} in auction {name}"
            )
        elif auction.bidders[order["user"]].max < auction.reserve:
            self._wrong.append(f"entry {number}: the reserve of auction {name} is not met")
        if (line["qty"], line["price"]) != (1, price):
            self._wrong.append(
                f"entry {number}: {line['qty']} for {line['price']} each in auction {name}, not 1 "
                f"for {price}"
            )
        auction.offered = max(rank, auction.offered)

    def _bid(self, number: int, auction: BookedAuction, entry: Line) -> None:
        name, user = entry["auction"], entry["user"]
        self._must_not_be_over(number, auction, entry)
        if auction.is_low(user, entry["max"]):
            self._wrong.append(f"entry {number}: the bid {entry['bid']} of {name} is too low")
        led = auction.leader == user
        auction.taken += 1
        auction.bids += not led
        known = auction.bidders.get(user)
        paddle = known.paddle if known else len(auction.bidders) + 1
        auction.put(user, Bidder(entry["max"], auction.taken, paddle))
        if not led and not auction.sudden_death:
            auction.ends = max(auction.ends, entry["at"] + auction.counter_ms)
        expected = {
            "bid": auction.taken, "paddle": paddle, "price": auction.price,
            "leads": auction.leader == user, "ends": auction.ends,
        }  # fmt: skip
        told = {field: entry[field] for field in expected}
        if told != expected:
            self._wrong.append(f"entry {number}: a bid in {name} made {told}, not {expected}")

    def _warned(self, number: int, auction: BookedAuction, entry: Line) -> None:
        self._must_not_be_over(number, auction, entry)
        ends = entry["at"] + auction.counter_ms
        if auction.sudden_death or entry["ends"] != ends or ends > auction.ends:
            self._wrong.append(
                f"entry {number}: auction {entry['auction']} was not to end at {entry['ends']}"
            )
        auction.ends = entry["ends"]

    def _hammered(self, number: int, auction: BookedAuction, entry: Line) -> None:
        name = entry["auction"]
        if entry["at"] < auction.ends:
            self.early[name] = entry["at"]
        able = [user for user in auction.ranks() if auction.bidders[user].max >= auction.reserve]
        passed = entry.get("passed", 0)
        told = (entry["status"], entry.get("user", ""), entry.get("price", 0), entry["bids"])
        expected: tuple[str, str, int, int] = ("unsold", "", 0, auction.bids)
        if entry["status"] == "sold" and passed < len(able):
            price = auction.price_at(passed)
            expected = ("sold", able[passed], price, auction.bids)
            auction.sold_to, auction.sold_at = able[passed], price
        if told != expected or (entry["status"] == "unsold" and able and not passed):
            self._wrong.append(
                f"entry {number}: the hammer of {name} fell for {told}, not {expected}"
            )
        auction.status, auction.ends = entry["status"], min(auction.ends, entry["at"])

    def _must_not_be_over(self, number: int, auction: BookedAuction, entry: Line) -> None:
        if entry["at"] >= auction.ends:
            self._wrong.append(f"entry {number} comes after the end of auction {entry['auction']}")


def rank_member(auction: str, user: str, bidder: Bidder) -> str:
    """The member of the room's `bid_ranks` that a bidder should have."""
    return f"{auction}/{_RANKED_ABOVE - bidder.max:014d}/{bidder.n:010d}/{user}"
