"""Which comments of a tick a viewer gets when there are more than anybody can read."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Budget:
    """A token bucket of sample-events a second, shared by all viewers of an audience.

    One bucket for all: every viewer gets the same choice, so that one frame serves them all.
    `per_s` 0 means no limit. At most one second's worth is saved up, or one event if that is less.
    """

    __slots__ = ("_at", "_per_s", "_random", "_saved")

    def __init__(self, per_s: float, now: float, random: Random) -> None:
        self._per_s = per_s
        self._saved = max(per_s, 1.0)
        self._at = now
        self._random = random

    def choose(self, events: Sequence[T], now: float) -> list[T]:
        """As many of `events` as the budget allows, drawn evenly, in their order."""
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
