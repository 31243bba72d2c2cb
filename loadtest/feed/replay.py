"""Replay: shows rankers what happened in the order of time, and asks each before every choice of
the measured days. Nothing that comes later is known to any of them."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from loadtest.feed.dataset import CHOICES, Dataset, Place, is_newcomer, place_of
from loadtest.feed.measures import PAGE_ROWS, Exposure, Hits
from loadtest.feed.rankers import Ranker
from server.features.feed.covisits import DAY_MS, Interaction

GROUPS = ("all", "new", "repeat")
"""Choices: all, of a host where the person never was before, of one where they were."""


@dataclass
class Measured:
    """What came out for one ranker. CPU in seconds of this process."""

    hits: dict[tuple[Place, str], Hits] = field(default_factory=lambda: defaultdict(Hits))
    exposure: dict[Place, Exposure] = field(default_factory=lambda: defaultdict(Exposure))
    heard: int = 0
    hear_cpu_s: float = 0.0
    days: float = 0.0
    """The days of what was heard, of each market."""
    refits: int = 0
    refit_cpu_s: float = 0.0
    asked: int = 0
    ask_cpu_s: float = 0.0

    @property
    def hear_us(self) -> float:
        """CPU of an act that counts, in µs."""
        return 1e6 * self.hear_cpu_s / max(1, self.heard)

    @property
    def day_cpu_s(self) -> float:
        """CPU of the acts of a day, in s."""
        return self.hear_cpu_s / self.days if self.days else 0.0

    @property
    def refit_s(self) -> float:
        """CPU of learning all anew, in s."""
        return self.refit_cpu_s / max(1, self.refits)

    @property
    def ask_ms(self) -> float:
        """CPU of scoring the candidates of a choice, in ms."""
        return 1e3 * self.ask_cpu_s / max(1, self.asked)

    def add(self, other: "Measured") -> None:
        """Add what came out for the same ranker in another market."""
        for at, hits in other.hits.items():
            self.hits[at].add_all(hits)
        for place, exposure in other.exposure.items():
            self.exposure[place].add_all(exposure)
        self.heard += other.heard
        self.hear_cpu_s += other.hear_cpu_s
        self.days += other.days
        self.refits += other.refits
        self.refit_cpu_s += other.refit_cpu_s
        self.asked += other.asked
        self.ask_cpu_s += other.ask_cpu_s


@dataclass
class Span:
    """Choices from `first` until before `last` (Unix ms) are asked for, each with the probability
    `share`; EASE is refit every `refit_ms`."""

    first: int
    last: int
    share: float
    refit_ms: int


def replay(
    dataset: Dataset, rankers: Sequence[Ranker], span: Span, seed: int
) -> dict[str, Measured]:
    """Return what came out, by the name of the ranker."""
    return _Replay(dataset, rankers, span, seed).played()


def merged(found: Sequence[dict[str, Measured]]) -> dict[str, Measured]:
    """Return what came out in several markets together."""
    whole: defaultdict[str, Measured] = defaultdict(Measured)
    for each in found:
        for name, measured in each.items():
            whole[name].add(measured)
    return dict(whole)


class _Replay:
    def __init__(self, dataset: Dataset, rankers: Sequence[Ranker], span: Span, seed: int) -> None:
        self._dataset = dataset
        self._rankers = rankers
        self._span = span
        self._random = random.Random(seed)
        self._hosts: defaultdict[str, set[str]] = defaultdict(set)
        self._opened: defaultdict[str, set[str]] = defaultdict(set)
        self._measured = {ranker.name: Measured() for ranker in rankers}

    def played(self) -> dict[str, Measured]:
        refit, began = self._span.first, None
        for act in self._dataset.acts:
            began = act.at if began is None else began
            if act.at >= self._span.last:
                break
            if act.at >= refit:
                self._refit()
                refit += self._span.refit_ms
            if (
                act.at >= self._span.first
                and act.kind in CHOICES
                and self._random.random() < self._span.share
            ):
                self._ask(act)
            self._hear(act)
        for measured in self._measured.values():
            measured.days = (self._span.last - (began or 0)) / DAY_MS
        return self._measured

    def _refit(self) -> None:
        for ranker in self._rankers:
            refit: Callable[[], None] | None = getattr(ranker, "refit", None)
            if refit is not None:
                measured, began = self._measured[ranker.name], time.process_time()
                refit()
                measured.refit_cpu_s += time.process_time() - began
                measured.refits += 1

    def _hear(self, act: Interaction) -> None:
        if act.kind in CHOICES:
            self._hosts[act.person].add(self._dataset.items[act.item].host)
        if act.kind == "open":
            self._opened[act.person].add(act.item)
        for ranker in self._rankers:
            measured, began = self._measured[ranker.name], time.process_time()
            ranker.hear(act)
            measured.hear_cpu_s += time.process_time() - began
            measured.heard += 1

    def _ask(self, act: Interaction) -> None:
        """Ask where each ranker has what the person chose, among all that they could choose. Notes
        that they opened before are out, for every ranker."""
        place = place_of(act)
        opened = self._opened[act.person]
        items = [item for item in self._dataset.candidates(place, act.at) if item not in opened]
        if act.item not in items or len(items) < 2:
            return
        self._random.shuffle(items)  # of equals, any may be first
        is_repeat = self._dataset.items[act.item].host in self._hosts[act.person]
        for ranker in self._rankers:
            measured, began = self._measured[ranker.name], time.process_time()
            scores = ranker.scores(act.person, items, act.at)
            measured.ask_cpu_s += time.process_time() - began
            measured.asked += 1
            order = sorted(range(len(items)), key=scores.__getitem__, reverse=True)
            page = [items[n] for n in order]
            where = 1 + page.index(act.item)
            for group in ("all", "repeat" if is_repeat else "new"):
                measured.hits[place, group].add(where)
            self._show(measured.exposure[place], page[:PAGE_ROWS], items, act.at)

    def _show(self, exposure: Exposure, page: list[str], items: list[str], at: int) -> None:
        known = self._dataset.items
        exposure.add(
            page,
            items,
            [item for item in page if is_newcomer(item, known[item], at)],
            [frozenset((known[item].host, *known[item].tags)) for item in page],
        )
