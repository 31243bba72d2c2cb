"""Counts, times and replies of the users of one process; tallies of processes add up."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_STEPS_PER_E = 25
"""Latencies are kept in steps of 4 %: exact enough for a quantile, small enough to send."""


def step_of(ms: float) -> int:
    """The step of a latency."""
    return round(math.log(max(ms, 0.05)) * _STEPS_PER_E)


def ms_of(step: int) -> float:
    """The latency that a step stands for."""
    return math.exp(step / _STEPS_PER_E)


def quantile(steps: Mapping[int, int], q: float) -> float | None:
    """The q-quantile in milliseconds; None if nothing was timed."""
    total, passed = sum(steps.values()), 0
    for step in sorted(steps):
        passed += steps[step]
        if passed >= q * total:
            return ms_of(step)
    return None


@dataclass
class Told:
    """The replies to one buy. `said` is `ok`, `err:CODE` or `unknown`.

    `status` is the last one told; a key that was sent several times has one entry. `room` is the
    room it was sent in. `given` is the status in the reply to `buy`; `heard` says that a private
    `order` event told it too, or that the connection was lost or closed before it had to.
    """

    user: str
    key: str
    sale: str
    qty: int
    said: str
    order: str = ""
    status: str = ""
    asked: int = 1
    room: str = ""
    given: str = ""
    heard: bool = False


@dataclass
class Tally:
    """Counters by name, latencies by name, buys by key, and wrongs seen with an example each."""

    counts: Counter[str] = field(default_factory=Counter)
    timed: dict[str, Counter[int]] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    wrongs: dict[str, str] = field(default_factory=dict)
    stock: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)

    def time(self, name: str, ms: float) -> None:
        """One latency."""
        self.timed.setdefault(name, Counter())[step_of(ms)] += 1

    def wrong(self, kind: str, example: str) -> None:
        """Something that must never be. The first example of a kind is kept."""
        self.counts[f"wrong.{kind}"] += 1
        self.wrongs.setdefault(kind, example)

    def take_counts(self) -> dict[str, Any]:
        """Return all since the last call, as plain data, and start again from nothing."""
        taken = {
            "at": time.time(),
            "counts": dict(self.counts),
            "timed": {name: dict(steps) for name, steps in self.timed.items()},
            "told": [dict(vars(told)) for told in self.told.values()],
            "wrongs": dict(self.wrongs),
            "stock": dict(self.stock),
        }
        self.__init__()  # type: ignore[misc]
        return taken

    def add(self, taken: Mapping[str, Any]) -> None:
        """Add the tally of another process or of an earlier moment."""
        self.counts.update(taken["counts"])
        for name, steps in taken["timed"].items():
            # A message between processes turns keys into text.
            mine = self.timed.setdefault(name, Counter())
            mine.update({int(step): n for step, n in steps.items()})
        for told in taken["told"]:
            self.told[told["key"]] = Told(**told)
        for kind, example in taken["wrongs"].items():
            self.wrongs.setdefault(kind, example)
        for sale, stock in taken["stock"].items():
            if sale not in self.stock or stock[3] >= self.stock[sale][3]:
                self.stock[sale] = tuple(stock)
