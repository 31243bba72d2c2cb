"""Measures of an evaluation: hits and their places, exposure, diversity. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

CUTS = (1, 5, 10)
PAGE_ROWS = 10


class Hits:
    """Counts at which place the chosen item stood, the best being place 1."""

    def __init__(self) -> None:
        self.asked = 0
        self.hits = dict.fromkeys(CUTS, 0)
        self.gains = dict.fromkeys(CUTS, 0.0)

    def add(self, place: int) -> None:
        """Count one choice."""
        self.asked += 1
        for cut in CUTS:
            if place <= cut:
                self.hits[cut] += 1
                self.gains[cut] += 1 / math.log2(1 + place)

    def add_all(self, other: "Hits") -> None:
        """Count what another counted."""
        self.asked += other.asked
        for cut in CUTS:
            self.hits[cut] += other.hits[cut]
            self.gains[cut] += other.gains[cut]

    def hit_rate(self, cut: int) -> float:
        """HR@cut: the share of choices that stood among the first."""
        return self.hits[cut] / self.asked if self.asked else 0.0

    def ndcg(self, cut: int) -> float:
        """NDCG@cut of one relevant item: 1 at the first place, 1/log2(1 + place) below."""
        return self.gains[cut] / self.asked if self.asked else 0.0


class Exposure:
    """Counts what pages showed, and how much of what there was. Markets are apart."""

    def __init__(self) -> None:
        self.shown: Counter[tuple[int, str]] = Counter()
        self.there: set[tuple[int, str]] = set()
        self._markets = 1
        self.rows = 0
        self.new_rows = 0
        self.unlike = 0.0
        self.pages = 0

    def add(
        self, page: Sequence[str], there: Iterable[str], new: Iterable[str],
        kinds: Sequence[frozenset[str]],
    ) -> None:  # fmt: skip
        """Count a page. `new` are the newcomers on it, `kinds` the host and tags of each row."""
        self.shown.update((0, item) for item in page)
        self.there.update((0, item) for item in there)
        self.rows += len(page)
        self.new_rows += sum(1 for _ in new)
        pairs = list(combinations(kinds, 2))
        if pairs:
            self.pages += 1
            self.unlike += sum(1 - len(a & b) / len(a | b) for a, b in pairs) / len(pairs)

    def add_all(self, other: "Exposure") -> None:
        """Count what another counted, of another market."""
        self._markets += 1
        for (_, item), times in other.shown.items():
            self.shown[self._markets, item] = times
        self.there.update((self._markets, item) for _, item in other.there)
        self.rows += other.rows
        self.new_rows += other.new_rows
        self.unlike += other.unlike
        self.pages += other.pages

    @property
    def newcomers(self) -> float:
        """The share of rows that showed newcomers."""
        return self.new_rows / self.rows if self.rows else 0.0

    @property
    def coverage(self) -> float:
        """The share of what there was that was shown at all."""
        return len(self.shown) / len(self.there) if self.there else 0.0

    @property
    def unlikeness(self) -> float:
        """Diversity within a page: 1 less the mean Jaccard index of hosts and tags of two rows."""
        return self.unlike / self.pages if self.pages else 0.0

    @property
    def gini(self) -> float:
        """How unequally rows were spread over all there was: 0 evenly, 1 all to one."""
        return gini([self.shown[item] for item in self.there])


def gini(values: Iterable[float]) -> float:
    """The Gini coefficient of values of at least 0."""
    ordered = sorted(values)
    whole = sum(ordered)
    if not whole:
        return 0.0
    n = len(ordered)
    return 2 * sum(i * v for i, v in enumerate(ordered, 1)) / (n * whole) - (n + 1) / n
