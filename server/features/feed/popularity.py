"""Popularity: decayed sums of what people did with each item, and the most popular at any time."""

import heapq
import math
from collections.abc import Mapping

TOP_MAX = 400
"""The most popular items that are kept in order to be found at once."""
_FAR = 200.0
"""Exponents up to which weights are added before all are written anew."""


class Popularity:
    """Weights that halve every `half_life_ms`.

    A weight is stored as if it were given at the beginning, so that nothing has to be touched as
    time goes by: those who are compared have all decayed by the same.
    """

    def __init__(self, half_life_ms: float) -> None:
        self._tau = half_life_ms / math.log(2)
        self._from = 0
        self._values: dict[str, float] = {}
        self._top: dict[str, float] = {}
        self._floor = 0.0
        """Whoever is above it is in `_top`."""

    def __len__(self) -> int:
        return len(self._values)

    def add(self, item: str, weight: float, at: int) -> None:
        """Add to an item what was done at a time (Unix ms)."""
        if not self._values:
            self._from = at
        exponent = (at - self._from) / self._tau
        if exponent > _FAR:
            self._begin_at(at)
            exponent = 0.0
        value = self._values.get(item, 0.0) + weight * math.exp(exponent)
        self._values[item] = value
        if value > self._floor:
            self._top[item] = value
            if len(self._top) > 2 * TOP_MAX:
                self._trim()

    def drop(self, item: str) -> None:
        """Forget an item."""
        self._values.pop(item, None)
        self._top.pop(item, None)

    def now(self, item: str, now: int) -> float:
        """The weight of an item as it is now."""
        value = self._values.get(item)
        if value is None:
            return 0.0
        return value * math.exp((self._from - now) / self._tau)

    def top(self) -> Mapping[str, float]:
        """The most popular items, at least TOP_MAX of them if there are as many, in no order."""
        return self._top

    def _trim(self) -> None:
        best = heapq.nlargest(TOP_MAX, self._top.items(), key=lambda each: each[1])
        self._top = dict(best)
        self._floor = best[-1][1]

    def _begin_at(self, at: int) -> None:
        """Write all weights as if given at a later beginning; what is next to nothing goes."""
        factor = math.exp((self._from - at) / self._tau)
        self._from = at
        self._values = {k: w for k, v in self._values.items() if (w := v * factor) > 1e-6}
        self._top = {k: v * factor for k, v in self._top.items() if k in self._values}
        self._floor *= factor
