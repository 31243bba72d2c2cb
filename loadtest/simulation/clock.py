"""The engine: a clock that jumps from event to event, and stations that serve one job at a time."""

import heapq
from collections.abc import Callable
from typing import Any

Then = Callable[..., None]


class Clock:
    """Simulated seconds. Events of the same time happen in the order in which they were planned."""

    def __init__(self) -> None:
        self.now = 0.0
        self._planned: list[tuple[float, int, Then, tuple[Any, ...]]] = []
        self._n = 0

    def at(self, when_s: float, then: Then, *args: Any) -> None:
        """Call `then` at that time; at once if it is over."""
        self._n += 1
        heapq.heappush(self._planned, (max(when_s, self.now), self._n, then, args))

    def after(self, seconds: float, then: Then, *args: Any) -> None:
        """Call `then` so much later."""
        self.at(self.now + seconds, then, *args)

    def go_on_until(self, until_s: float) -> None:
        """Let everything happen that is planned before that time."""
        while self._planned and self._planned[0][0] < until_s:
            self.now, _, then, args = heapq.heappop(self._planned)
            then(*args)
        self.now = until_s


class Station:
    """A core, or a link: does one job after the other, in the order in which they come."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.free_at = 0.0
        self.busy_s = 0.0

    def serve(self, seconds: float, then: Then | None = None, *args: Any) -> None:
        """Queue a job; `then` is called when it is done."""
        self.free_at = max(self.free_at, self._clock.now) + seconds
        self.busy_s += seconds
        if then is not None:
            self._clock.at(self.free_at, then, *args)

    def stop_until(self, when_s: float) -> None:
        """Serve nothing before that time."""
        self.free_at = max(self.free_at, when_s)


class Guest(Station):
    """Has no core of its own: its jobs stand in the line of another station, and count for it."""

    def __init__(self, clock: Clock, at: Station) -> None:
        super().__init__(clock)
        self._at = at

    def serve(self, seconds: float, then: Then | None = None, *args: Any) -> None:
        """Queue a job there."""
        self._at.serve(seconds, then, *args)
        self._at.busy_s -= seconds
        self.busy_s += seconds
