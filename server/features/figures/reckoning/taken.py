"""Keeps the sums over the ledger and the timeline, line by line and fact by fact."""

from typing import Any

from server.features.asks.facts import AskTally
from server.features.figures.reckoning.pins import Pins
from server.features.figures.reckoning.sold import Sold
from server.features.follows.facts import FollowTally
from server.features.shelf.facts import ShelfTally
from server.features.visits.facts import VisitTally
from server.rooms.fact_book import FactBook
from server.rooms.tally import Span, Tallies

Dict = dict[str, Any]


class Taken:
    """All that a room's ledger and timeline add up to so far.

    Each feature's tallies take its facts. The numbers that relate one feature's facts to another's
    are made here, of the tallies that this class names; the rest of `book` count by themselves.
    """

    def __init__(
        self, room: str, host: str, book: FactBook, *, always_live: bool, since_ms: int
    ) -> None:
        self.room = room
        self.ledger = 0
        """Number of the last ledger line taken."""
        self.timeline = ""
        """Id of the last fact taken."""
        self.tallies = Tallies(
            [*book.tallies, Sold], host, always_live=always_live, since_ms=since_ms
        )
        self.visits = self.tallies.tally(VisitTally)
        self.shelf = self.tallies.tally(ShelfTally)
        self.follows = self.tallies.tally(FollowTally)
        self.asks = self.tallies.tally(AskTally)
        self.sold = self.tallies.tally(Sold)
        self.pins = Pins(self.shelf)
        self._since_ms = since_ms
        self._takes_fact = self.tallies.takes_fact
        self._takes_line = self.tallies.takes_line

    def take_ledger(self, number: int, line: Dict) -> None:
        """Add one line; one that was taken before changes nothing."""
        if number <= self.ledger:
            return
        self.ledger = number
        for take in self._takes_line.get(line["k"], ()):
            take(line)

    def take_fact(self, fact_id: str, fact: Dict) -> None:
        """Add one fact; one that was taken before changes nothing."""
        if self.timeline and place(fact_id) <= place(self.timeline):
            return
        self.timeline = fact_id
        if fact["at"] < self._since_ms:
            return
        for take in self._takes_fact.get(fact["k"], ()):
            take(fact)

    @property
    def started_ms(self) -> int | None:
        """Return the start of the stream in Unix ms; None before it."""
        return self.tallies.started_ms

    @property
    def ended_ms(self) -> int | None:
        """Return the end of the stream in Unix ms; None before it."""
        return self.tallies.ended_ms

    @property
    def stream(self) -> Span | None:
        """From its start to its end, or for ever; None before it starts."""
        return self.tallies.stream

    @property
    def size(self) -> int:
        """Return the number of visits and order lines, which sets the cost of making figures."""
        return self.visits.size + len(self.sold.order_lines)

    def first_order_times(self) -> list[int]:
        """From first arrival to the placing of the first sold order, of each buyer; sorted."""
        came = self.visits.first_came
        return sorted(
            max(0, placed - came[user])
            for user, placed in self.sold.first_placed.items()
            if user in came
        )


def place(fact_id: str) -> tuple[int, int]:
    """The id of a fact, `<ms>-<n>`, as something that can be compared."""
    ms, _, n = fact_id.partition("-")
    return int(ms), int(n or 0)
