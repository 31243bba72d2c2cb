"""What was pinned when, and what was sold meanwhile."""

from bisect import bisect_right

from server.features.figures.reckoning.attendance import Span
from server.features.figures.reckoning.models import Amounts
from server.features.figures.reckoning.sold import SoldLine
from server.features.figures.reckoning.sums import add


class Pinned:
    """One pin: what was sold and asked for while it was on."""

    __slots__ = ("asks", "from_ms", "gmv", "other_gmv", "other_units", "sku", "units")

    def __init__(self, sku: str, from_ms: int) -> None:
        self.sku = sku
        """Empty: nothing was pinned."""
        self.from_ms = from_ms
        self.asks = 0
        self.forget_sales()

    def forget_sales(self) -> None:
        """Count again from nothing."""
        self.units = self.other_units = 0
        self.gmv: Amounts = {}
        self.other_gmv: Amounts = {}


class Pins:
    """All that was pinned, one after the other; the first is nothing."""

    def __init__(self) -> None:
        self.all = [Pinned("", 0)]
        self._starts = [0]
        self._counted = 0
        self._newest = 0

    @property
    def now(self) -> Pinned:
        """What is pinned now."""
        return self.all[-1]

    def pin(self, sku: str, at: int) -> None:
        """From now on this is pinned; empty: nothing."""
        if sku == self.now.sku:
            return
        self.all.append(Pinned(sku, at))
        self._starts.append(at)
        if at <= self._newest:  # the ledger was read before: some of it belongs to this pin
            self._counted = self._newest = 0
            for pinned in self.all:
                pinned.forget_sales()

    def count_sales(self, lines: list[SoldLine]) -> None:
        """Give each line that is new to the pin it was placed in."""
        for line in lines[self._counted :]:
            pinned = self.all[bisect_right(self._starts, line.created) - 1]
            if line.sku == pinned.sku:
                pinned.units += line.qty
                add(pinned.gmv, line.currency, line.amount)
            else:
                pinned.other_units += line.qty
                add(pinned.other_gmv, line.currency, line.amount)
            self._newest = max(self._newest, line.created)
        self._counted = len(lines)

    def during(self, stream: Span | None) -> list[tuple[Pinned, Span]]:
        """The pins of the stream (None before it starts) and how much of it each had."""
        if stream is None:
            return []
        ends = [*self._starts[1:], stream[1]]
        spans = [
            (pinned, (max(pinned.from_ms, stream[0]), min(end, stream[1])))
            for pinned, end in zip(self.all, ends, strict=True)
            if pinned.sku
        ]
        return [(pinned, span) for pinned, span in spans if span[0] < span[1]]
