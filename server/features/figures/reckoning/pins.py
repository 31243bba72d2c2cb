"""Adds up the sales during each pin."""

from bisect import bisect_right

from server.features.figures.reckoning.models import Amounts
from server.features.figures.reckoning.sold import SoldLine
from server.features.figures.reckoning.sums import add
from server.features.shelf.facts import ShelfTally


class SoldInPin:
    """Sales during one pin: of the pinned product, and of others."""

    __slots__ = ("gmv", "other_gmv", "other_units", "units")

    def __init__(self) -> None:
        self.units = self.other_units = 0
        self.gmv: Amounts = {}
        self.other_gmv: Amounts = {}


class Pins:
    """Return the sales during each pin; pins don't overlap."""

    def __init__(self, shelf: ShelfTally) -> None:
        self._shelf = shelf
        self.sold: list[SoldInPin] = []
        """The sums of each pin, by its number."""
        self._starts: list[int] = []
        self._counted = 0
        self._newest = 0

    def count_sales(self, lines: list[SoldLine]) -> None:
        """Give each line that is new to the pin it was placed in."""
        self._know_new_pins()
        pins = self._shelf.pins
        for line in lines[self._counted :]:
            number = bisect_right(self._starts, line.created) - 1
            sold = self.sold[number]
            if line.sku == pins[number].sku:
                sold.units += line.qty
                add(sold.gmv, line.currency, line.amount)
            else:
                sold.other_units += line.qty
                add(sold.other_gmv, line.currency, line.amount)
            self._newest = max(self._newest, line.created)
        self._counted = len(lines)

    def _know_new_pins(self) -> None:
        new = self._shelf.pins[len(self.sold) :]
        if any(pinned.from_ms <= self._newest for pinned in new):
            # The ledger was read before: some of what was counted belongs to these pins.
            self._counted = self._newest = 0
            self.sold = [SoldInPin() for _ in self.sold]
        self._starts += [pinned.from_ms for pinned in new]
        self.sold += [SoldInPin() for _ in new]
