"""A month of newcomers: new hosts and notes come every day, people look at pages of the feed, and
the feed's own `newcomers` says who is shown in which slot.

Counts of impressions are known to the feed a minute late, as in a server of several workers.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from server.features.feed.covisits import DAY_MS
from server.features.feed.newcomers import Newcomer, chosen, placed, slots

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
LIFE_MS = 3 * DAY_MS
"""How long an item can be shown."""
CLICKS_DRAWN = 20
"""Impressions by which the share of clicks of an item is drawn towards the mean of all."""
CLICKS_MEAN = 0.08


class Plan(NamedTuple):
    """How a month goes. A day has `pages` of `rows` rows, most of them in the evening."""

    people: int = 1500
    pages: int = 2600
    rows: int = 10
    percent: int = 20
    notes: int = 35
    hosts: int = 4
    """New ones a day; each is live for one to three hours on its first evening."""
    days: int = 30
    promised: int = 100

    @property
    def load(self) -> float:
        """What newcomers are promised over what slots there are."""
        slots_a_day = self.pages * len(slots(0, self.rows, self.percent))
        return (self.notes + self.hosts) * self.promised / slots_a_day


class Outcome(NamedTuple):
    """What became of a newcomer: impressions in its first day, those that it earned later by its
    clicks, and how much people like it (the share who click)."""

    item: str
    began: int
    shown: int
    earned: int
    appeal: float


class Result(NamedTuple):
    """What became of all whose day is over, and the greatest share of a feed that slots took."""

    outcomes: list[Outcome]
    share_max: float


class _Item:
    """A newcomer in the simulation."""

    def __init__(self, name: str, began: int, ends: int, appeal: float) -> None:
        self.name = name
        self.began = began
        self.ends = ends
        """Until when it can be shown."""
        self.appeal = appeal
        self.shown = 0
        self.known = 0
        """`shown`, as the feed knows it."""
        self.first_day = 0
        self.earned = 0
        self.clicks = 0

    def as_newcomer(self, promised: int) -> Newcomer:
        return Newcomer(self.name, self.name, self.began, promised, self.known)

    @property
    def rank(self) -> float:
        """The share of clicks, drawn towards the mean."""
        return (self.clicks + CLICKS_DRAWN * CLICKS_MEAN) / (self.shown + CLICKS_DRAWN)


def simulate(plan: Plan, seed: int) -> Result:
    """Return what became of the newcomers of a month."""
    return _Month(plan, random.Random(seed)).lived()


class _Month:
    def __init__(self, plan: Plan, rng: random.Random) -> None:
        self._plan = plan
        self._rng = rng
        self._there: dict[str, _Item] = {}
        self._over: list[_Item] = []
        self._given: defaultdict[int, set[str]] = defaultdict(set)
        """Newcomers that each person was given in a slot."""
        self._late: list[_Item] = []
        """Items with impressions that the feed does not know yet."""
        self._share_max = 0.0

    def lived(self) -> Result:
        coming = sorted(self._coming(), key=lambda item: item.began)
        coming.reverse()
        told = 0
        for at in self._pages():
            while coming and coming[-1].began <= at:
                item = coming.pop()
                self._there[item.name] = item
            if at >= told:
                self._tell(at)
                told = at + MINUTE_MS
            self._show(at)
        last = self._plan.days * DAY_MS
        items = (*self._over, *self._there.values())
        done = [item for item in items if item.began + DAY_MS <= last]
        return Result(
            [Outcome(i.name, i.began, i.first_day, i.earned, i.appeal) for i in done],
            self._share_max,
        )

    def _coming(self) -> Iterator[_Item]:
        rng, plan = self._rng, self._plan
        for day in range(plan.days):
            for n in range(plan.notes):
                began = int((day + rng.random()) * DAY_MS)
                yield _Item(f"note:{day}-{n}", began, began + LIFE_MS, rng.betavariate(2, 23))
            for n in range(plan.hosts):
                began = int((day * 24 + 18 + 4 * rng.random()) * HOUR_MS)
                ends = began + int((1 + 2 * rng.random()) * HOUR_MS)
                yield _Item(f"host:{day}-{n}", began, ends, rng.betavariate(2, 23))

    def _pages(self) -> Iterator[int]:
        """The times of pages: three times as many at 20:00 as on average, hardly any at night."""
        hours = [0.05 + math.exp(-(((hour - 20) / 4) ** 2)) for hour in range(24)]
        for day in range(self._plan.days):
            drawn = self._rng.choices(range(24), hours, k=self._plan.pages)
            yield from sorted(
                int((day * 24 + hour + self._rng.random()) * HOUR_MS) for hour in drawn
            )

    def _tell(self, at: int) -> None:
        for item in self._late:
            item.known = item.shown
        self._late.clear()
        for item in [item for item in self._there.values() if item.ends <= at]:
            del self._there[item.name]
            self._over.append(item)

    def _show(self, at: int) -> None:
        plan, person = self._plan, self._rng.randrange(self._plan.people)
        places = slots(0, plan.rows, plan.percent)
        waiting = (
            item.as_newcomer(plan.promised)
            for item in self._there.values()
            if item.known < plan.promised
        )
        new = chosen(waiting, self._given[person], len(places), at, DAY_MS, self._rng)
        self._given[person].update(new)
        page = placed([""] * (plan.rows - len(new)), new, places, 0)
        self._share_max = max(
            self._share_max,
            *(sum(map(bool, page[:n])) / n for n in range(1, len(page) + 1)),
        )
        earned = self._earned(page.count(""), set(new))
        for name in new:
            self._count(self._there[name], at)
        for item in earned:
            item.earned += 1
            self._count(item, at)

    def _earned(self, most: int, new: set[str]) -> list[_Item]:
        """Those that had their promise, by their clicks, among what else there is: half of the rows
        are of hosts and notes that are known for long."""
        rng = self._rng
        had = [item for item in self._there.values() if item.known >= self._plan.promised]
        had = [item for item in had if item.name not in new]
        looked = rng.sample(had, min(len(had), 3 * most))
        looked.sort(key=lambda item: item.rank, reverse=True)
        return looked[: most // 2]

    def _count(self, item: _Item, at: int) -> None:
        item.shown += 1
        item.first_day += at < item.began + DAY_MS
        item.clicks += self._rng.random() < item.appeal
        self._late.append(item)
