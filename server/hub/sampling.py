"""Chooses the comments of a tick that viewers get when there are too many to read."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Budget:
    """A token bucket of sample-events per second, shared by all viewers of an audience.

    All viewers get the same choice, so one frame serves them all. `per_s` 0 means no limit. The
    bucket saves up at most one second's worth, but always at least one event.
    """

    __slots__ = ("_at", "_per_s", "_random", "_saved")

    def __init__(self, per_s: float, now: float, random: Random) -> None:
        self._per_s = per_s
        self._saved = max(per_s, 1.0)
        self._at = now
        self._random = random

    def choose(self, events: Sequence[T], now: float) -> list[T]:
        """Return as many of `events` as the budget allows, drawn evenly, in their order."""
        if self._per_s == 0:
            return list(events)
        self._saved = min(max(self._per_s, 1.0), self._saved + (now - self._at) * self._per_s)
        self._at = now
        room = int(self._saved)
        if len(events) <= room:
            self._saved -= len(events)
            return list(events)
        self._saved -= room
        chosen = sorted(self._random.sample(range(len(events)), room))
        return [events[n] for n in chosen]
