"""From a turnover to the numbers that `sizing` takes: orders, viewers and comments at the peak.

Everything that is assumed is an option of `liveroom size`, and is printed beside what comes out.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple


class Turnover(NamedTuple):
    """What is to be taken. `gmv` and `basket` (an order's mean) are in the same unit of money.

    At the busiest `peak` times as many orders come as on average. `buyers` is the share of those
    who come that buy, `stay_min` how many minutes one stays, `chatter` how many comments a viewer
    writes in a minute at the peak.
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
        """At the busiest."""
        return self.orders / (self.hours * 3600) * self.peak

    @property
    def viewers(self) -> int:
        """At the same time, at the busiest: who come, for as long as they stay."""
        come = self.orders / self.buyers
        at_once = come * min(1.0, self.stay_min / (self.hours * 60))
        return max(1, math.ceil(min(come, at_once * self.peak)))

    def comments_per_s(self, viewers: int) -> float:
        """At the busiest, of so many viewers."""
        return viewers * self.chatter / 60

    def in_words(self) -> str:
        """What it comes to, as a line."""
        return (
            f"{self.gmv:,.0f} in {self.hours:g} hours at {self.basket:,g} an order are "
            f"{self.orders:,} orders, {self.orders / self.hours:,.0f} an hour; at the busiest "
            f"{self.peak:g} times the average, {self.orders_per_s:,.0f} a second."
        )

    def assumed(self, *, viewers: bool, comments: bool) -> Iterator[str]:
        """What was assumed for viewers and for comments, where they were not given."""
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
