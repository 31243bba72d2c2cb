"""Co-visits: which items go together, because the same people chose both. Decayed, and kept up to
date as interactions come. Pure.

An item is a key such as `note:<id>` or `host:<id>`; a live room counts as its host.
"""

import heapq
import math
from collections import OrderedDict
from typing import NamedTuple

KIND_WEIGHTS = {
    "open": 1.0, "watch": 1.0, "like": 1.5, "comment": 1.5, "ask": 2.0, "collect": 2.0,
    "follow": 2.0, "buy": 3.0,
}  # fmt: skip
"""What each kind of interaction says of its person's taste. Others say nothing."""
DAY_MS = 86_400_000
_FAR = 500.0
"""Exponents up to which weights grow before all are written anew: years, with any half-life of
days."""


class Interaction(NamedTuple):
    """What a person did with an item at a time (Unix ms); `kind` is one of KIND_WEIGHTS."""

    person: str
    item: str
    kind: str
    at: int


class CoVisits:
    """Counts pairs of items of one person, in bounded memory.

    Weights halve every `half_life_ms`. They are stored as if counted at the beginning, so nothing
    has to be touched as time goes by. Of each person the newest `recent_max` items are remembered,
    of `people_max` people, and of each of `items_max` items its `near_max` heaviest neighbours;
    who was heard of longest ago goes first.
    """

    def __init__(
        self,
        half_life_ms: float = 30 * DAY_MS,
        recent_max: int = 30,
        people_max: int = 100_000,
        near_max: int = 60,
        items_max: int = 150_000,
    ) -> None:
        self._tau = half_life_ms / math.log(2)
        self._recent_max = recent_max
        self._people_max = people_max
        self._near_max = near_max
        self._items_max = items_max
        self._from = 0
        """When weights are not grown (Unix ms): the time of the first interaction."""
        self._recent: OrderedDict[str, dict[str, None]] = OrderedDict()
        """The newest items of people, the newest last."""
        self._sums: OrderedDict[str, float] = OrderedDict()
        """The grown weight of each item: of all who chose it."""
        self._near: dict[str, dict[str, float]] = {}
        """The grown weights of the pairs of each item."""

    def __len__(self) -> int:
        return len(self._sums)

    def count(self, interaction: Interaction) -> None:
        """Count what a person did, with each item that they chose before."""
        person, item, kind, at = interaction
        if not person or kind not in KIND_WEIGHTS:
            return
        recent = self._remember(person)
        if item in recent:  # the pair is counted; the person still knows it
            del recent[item]
            recent[item] = None
            return
        grown = self._grown(at)
        self._sums[item] = self._sums.get(item, 0.0) + grown
        self._sums.move_to_end(item)
        for other in recent:
            if other in self._sums:  # else it was forgotten for want of room
                self._add(item, other, grown)
                self._add(other, item, grown)
        recent[item] = None
        if len(recent) > self._recent_max:
            del recent[next(iter(recent))]
        while len(self._sums) > self._items_max:
            self.forget_item(next(iter(self._sums)))

    def near(self, item: str) -> dict[str, float]:
        """The items that go with one, each with a weight from 0 to 1."""
        found = self._near.get(item)
        if not found:
            return {}
        own, sums = self._sums.get(item, 0.0), self._sums
        return {
            other: min(1.0, weight / math.sqrt(own * its))
            for other, weight in found.items()
            if (its := sums.get(other)) is not None
        }

    def forget_item(self, item: str) -> None:
        """Forget an item; pairs that others have with it find it gone."""
        self._sums.pop(item, None)
        for other in self._near.pop(item, ()):
            pairs = self._near.get(other)
            if pairs is not None:
                pairs.pop(item, None)

    def forget_person(self, person: str) -> None:
        """Forget what a person did lately. What was counted of it names nobody."""
        self._recent.pop(person, None)

    def _remember(self, person: str) -> dict[str, None]:
        recent = self._recent.get(person)
        if recent is not None:
            self._recent.move_to_end(person)
            return recent
        recent = self._recent[person] = {}
        if len(self._recent) > self._people_max:
            self._recent.popitem(last=False)
        return recent

    def _add(self, item: str, other: str, weight: float) -> None:
        pairs = self._near.setdefault(item, {})
        pairs[other] = pairs.get(other, 0.0) + weight
        if len(pairs) > 2 * self._near_max:
            self._near[item] = dict(
                heapq.nlargest(self._near_max, pairs.items(), key=lambda pair: pair[1])
            )

    def _grown(self, at: int) -> float:
        """Return what an interaction counts: the later, the more."""
        if not self._sums:
            self._from = at
        exponent = (at - self._from) / self._tau
        if exponent > _FAR:
            self._begin_at(at)
            exponent = 0.0
        return math.exp(exponent)

    def _begin_at(self, at: int) -> None:
        """Write all weights as if counted from a later beginning."""
        factor = math.exp((self._from - at) / self._tau)
        self._from = at
        for item in self._sums:
            self._sums[item] *= factor
        for pairs in self._near.values():
            for other in pairs:
                pairs[other] *= factor
