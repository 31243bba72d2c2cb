"""Rankers: ours, and what it is measured against. Each hears what happens and scores candidates."""

import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from loadtest.feed.dataset import CHOICES, Item
from loadtest.feed.measures import PAGE_ROWS
from server.features.feed.covisits import DAY_MS, CoVisits, Interaction
from server.features.feed.diversity import Kinds, Window, diversified
from server.features.feed.newcomers import Newcomer, chosen, placed, slots
from server.features.feed.popularity import Popularity
from server.features.feed.scoring import Candidate, Scored, Taste, score, taste_of
from server.features.feed.weights import FeedWeights

HISTORY_MAX = 300
"""Acts of a person by which ours chooses; as `feed.history_max`."""
POPULAR_HALF_LIFE_MS = DAY_MS
NEWCOMERS_PERCENT = 20


class Ranker(Protocol):
    """Scores items for a person at a time (Unix ms); the greatest is the best."""

    name: str

    def hear(self, act: Interaction) -> None:
        """Learn what happened."""

    def scores(self, person: str, items: Sequence[str], now: int) -> Sequence[float]:
        """One score for each item, in their order."""


class Popular:
    """Baseline: what most people chose lately, the same for everybody."""

    name = "popularity"

    def __init__(self) -> None:
        self._popularity = Popularity(POPULAR_HALF_LIFE_MS)

    def hear(self, act: Interaction) -> None:
        """See `Ranker`."""
        if act.kind in CHOICES:
            self._popularity.add(act.item, 1.0, act.at)

    def scores(self, person: str, items: Sequence[str], now: int) -> Sequence[float]:
        """See `Ranker`."""
        del person
        return [self._popularity.now(item, now) for item in items]


class Repeat:
    """Baseline: the hosts where the person was most often, as LiveRec's REP; of hosts where they
    never were, the popular ones. A note counts as its author's."""

    name = "repeat"

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = items
        self._own: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._popular = Popular()

    def hear(self, act: Interaction) -> None:
        """See `Ranker`."""
        self._popular.hear(act)
        if act.kind in CHOICES:
            self._own[act.person][self._items[act.item].host] += 1

    def scores(self, person: str, items: Sequence[str], now: int) -> Sequence[float]:
        """See `Ranker`."""
        popular = self._popular.scores(person, items, now)
        most = max(popular, default=0.0) + 1.0
        own: Mapping[str, int] = self._own.get(person, {})
        return [
            own.get(self._items[item].host, 0) + its / most
            for item, its in zip(items, popular, strict=True)
        ]


class Ours:
    """The feed's own code: `server.features.feed`."""

    name = "ours"

    def __init__(self, items: Mapping[str, Item], weights: FeedWeights) -> None:
        self.items = items
        self._weights = weights
        self._covisits = CoVisits()
        self._popularity = Popularity(POPULAR_HALF_LIFE_MS)
        self._histories: defaultdict[str, deque[Interaction]] = defaultdict(
            lambda: deque(maxlen=HISTORY_MAX)
        )
        self._follows: defaultdict[str, set[str]] = defaultdict(set)

    def hear(self, act: Interaction) -> None:
        """See `Ranker`."""
        self._covisits.count(act)
        if act.kind in CHOICES:
            self._popularity.add(act.item, 1.0, act.at)
        self._histories[act.person].append(act)
        if act.kind == "follow":
            self._follows[act.person].add(self.host_of(act.item))

    def scores(self, person: str, items: Sequence[str], now: int) -> Sequence[float]:
        """See `Ranker`."""
        found = {each.item: each.score for each in self.ranked(person, items, now)}
        return [found[item] for item in items]

    def ranked(self, person: str, items: Sequence[str], now: int) -> list[Scored]:
        """The items, the best first, with their reasons."""
        candidates = [self._candidate(item, now) for item in items]
        return score(self._taste(person, now), candidates, now, self._weights)

    def host_of(self, item: str) -> str:
        """See `server.features.feed.scoring.Known`."""
        return self.items[item].host

    def tags_of(self, item: str) -> Sequence[str]:
        """See `server.features.feed.scoring.Known`. As in the server, rooms have none."""
        return self.items[item].tags if item.startswith("note:") else ()

    def _taste(self, person: str, now: int) -> Taste:
        history = self._histories.get(person, ())
        follows = self._follows.get(person, set())
        return taste_of(history, follows, now, self._weights, self._covisits, self)

    def _candidate(self, item: str, now: int) -> Candidate:
        host, tags, born = self.items[item]
        if not item.startswith("note:"):
            tags, born = (), 0
        return Candidate(item, host, tags, born, self._popularity.now(item, now))


class Paged:
    """Ours as people see it: with windows of diversity, and slots for newcomers."""

    name = "ours, paged"

    def __init__(self, ours: Ours, promised: int, seed: int) -> None:
        """`promised` are impressions in the first day; the pages that are shown here are only
        those that are asked for."""
        self._ours = ours
        self._promised = promised
        self._random = random.Random(seed)
        self._shown: Counter[str] = Counter()
        self._given: defaultdict[str, set[str]] = defaultdict(set)

    def hear(self, act: Interaction) -> None:
        """Ours heard it."""

    def scores(self, person: str, items: Sequence[str], now: int) -> Sequence[float]:
        """See `Ranker`."""
        ranked = [each.item for each in self._ours.ranked(person, items, now)]
        kinds = [
            (item, Kinds(self._ours.host_of(item), self._ours.tags_of(item))) for item in ranked
        ]
        places = slots(0, PAGE_ROWS, NEWCOMERS_PERCENT)
        new = chosen(
            self._newcomers(items), self._given[person], len(places), now, DAY_MS, self._random
        )
        rest = [item for item in diversified(kinds, PAGE_ROWS, Window()) if item not in new]
        page = placed(rest, new, places, 0)[:PAGE_ROWS]
        self._shown.update(page)
        self._given[person].update(new)
        order = dict.fromkeys((*page, *ranked))
        found = {item: -float(place) for place, item in enumerate(order)}
        return [found[item] for item in items]

    def _newcomers(self, items: Iterable[str]) -> Iterator[Newcomer]:
        for item in items:
            host, _, born = self._ours.items[item]
            if self._shown[item] < self._promised:
                yield Newcomer(item, host, born, self._promised, self._shown[item])
