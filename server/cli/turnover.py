"""Computes from a turnover the inputs of `sizing`: orders, viewers and comments at the peak.

Every assumption is an option of `liveroom size`, and is printed beside the result.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple


class Turnover(NamedTuple):
    """A planned turnover. `gmv` and `basket` (the mean order) are in the same unit of money.

    At the peak, `peak` times the average number of orders come. `buyers` is the share of visitors
    who buy, `stay_min` the minutes that a visitor stays, `chatter` the comments that a viewer
    writes per minute at the peak.
    """

    gmv: float
    basket: float
    hours: float = 2.0
    peak: float = 5.0
    buyers: float = 0.05
    stay_min: float = 10.0
    chatter: float = 0.1

    @property
    def orders(self) -> int:
        """All orders of the event."""
        return math.ceil(self.gmv / self.basket)

    @property
    def orders_per_s(self) -> float:
        """Orders per second at the peak."""
        return self.orders / (self.hours * 3600) * self.peak

    @property
    def viewers(self) -> int:
        """Simultaneous viewers at the peak: the rate of arrivals times the length of a stay."""
        come = self.orders / self.buyers
        at_once = come * min(1.0, self.stay_min / (self.hours * 60))
        return max(1, math.ceil(min(come, at_once * self.peak)))

    def comments_per_s(self, viewers: int) -> float:
        """Comments per second at the peak from so many viewers."""
        return viewers * self.chatter / 60

    def in_words(self) -> str:
        """Return the result as one line."""
        return (
            f"{self.gmv:,.0f} in {self.hours:g} hours at {self.basket:,g} an order are "
            f"{self.orders:,} orders, {self.orders / self.hours:,.0f} an hour; at the busiest "
            f"{self.peak:g} times the average, {self.orders_per_s:,.0f} a second."
        )

    def assumed(self, *, viewers: bool, comments: bool) -> Iterator[str]:
        """Yield the assumptions behind viewers and comments that were not given."""
        if viewers:
            yield (
                f"{self.buyers:.0%} of those who come buy (--buyers), each stays "
                f"{self.stay_min:g} minutes (--stay)"
            )
        if comments:
            yield (
                f"a viewer writes {self.chatter:g} comments a minute at the busiest (--comments "
                "sets how many come a second)"
            )
