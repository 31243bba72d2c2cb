"""The events waiting for an audience's next pass, by delivery class, and the values sent so far."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from prometheus_client import Counter

from server.hub.sampling import Budget
from server.hub.tick import Tick
from server.protocol.message import Delivery, Event

SAMPLED_WAITING_MAX = 5000
"""Most comments gathered for one tick; beyond it the oldest are dropped, and counted."""


class Waiting:
    """Gathers events for a tick. `conflated` counts values that a newer one replaced."""

    __slots__ = (
        "_budget",
        "_conflated",
        "_current",
        "_deflate_from",
        "_latest",
        "_lost",
        "_must",
        "_sampled",
        "_staff_latest",
        "_staff_only",
        "_staff_told",
        "_told",
    )

    def __init__(self, budget: Budget, deflate_from: int, conflated: Counter) -> None:
        self._budget = budget
        self._deflate_from = deflate_from
        self._conflated = conflated
        self._must: list[Event] = []
        self._latest: dict[Any, Event] = {}
        self._sampled: deque[Event] = deque()
        self._lost = 0
        self._current: dict[Any, Event] = {}
        self._told: dict[Any, Event] = {}
        self._staff_latest: dict[Any, Event] = {}
        self._staff_told: dict[Any, Event] = {}
        self._staff_only: dict[int, Event] = {}
        """The events in `_sampled` for hosts and moderators only, by their `id`."""

    def __bool__(self) -> bool:
        return bool(self._must or self._latest or self._sampled or self._lost or self._staff_latest)

    @property
    def is_lone(self) -> bool:
        """Whether a single comment waits, and nothing else."""
        return len(self._sampled) == 1 and not (
            self._must or self._latest or self._lost or self._staff_latest
        )

    def add(self, event: Event) -> bool:
        """Gather an event for all members; False if a newer value was gathered before."""
        kind = event.delivery
        if kind is Delivery.MUST:
            self._retract(event)
            self._must.append(event)
        elif kind is Delivery.LATEST:
            key = event.latest_key()
            if event.is_older_than(self._current.get(key)):
                return False
            self._keep_latest(self._latest, key, event)
            self._current[key] = event
        else:
            self._add_sampled(event)
        return True

    def add_for_staff(self, event: Event) -> None:
        """Gather a latest- or sample-event for hosts and moderators only."""
        if event.delivery is Delivery.LATEST:
            self._keep_latest(self._staff_latest, event.latest_key(), event)
        else:
            self._staff_only[id(event)] = event
            self._add_sampled(event)

    def add_lost(self, comments: int) -> None:
        """Count comments that never arrived; the next tick tells the members."""
        self._lost += comments

    def take_tick(self, now: float) -> Tick | None:
        """Take all waiting events as one tick; None if there are none."""
        if not self:
            return None
        everything, alone = list(self._sampled), self._staff_only
        sampled = [e for e in everything if id(e) not in alone] if alone else everything
        tick = Tick(
            self._must,
            list(self._latest.values()),
            sampled,
            self._budget.choose(sampled, now),
            self._lost,
            self._deflate_from,
            everything if alone else None,
            list(self._staff_latest.values()),
        )
        self._told |= self._latest
        self._staff_told |= self._staff_latest
        self._must, self._latest, self._lost = [], {}, 0
        self._staff_latest, self._staff_only = {}, {}
        self._sampled.clear()
        return tick

    def told(self, *, staff: bool) -> Sequence[Event]:
        """Return the newest of each value sent so far; with `staff`, also the staff's values."""
        return [*self._told.values(), *(self._staff_told.values() if staff else ())]

    def forget_staff(self) -> None:
        """No staff connected: drop their values; the next to join reads them afresh."""
        self._staff_latest.clear()
        self._staff_told.clear()

    def _keep_latest(self, values: dict[Any, Event], key: Any, event: Event) -> None:
        if key in values:
            self._conflated.inc()
        values[key] = event

    def _add_sampled(self, event: Event) -> None:
        self._sampled.append(event)
        if len(self._sampled) > SAMPLED_WAITING_MAX:
            oldest = self._sampled.popleft()
            if self._staff_only.pop(id(oldest), None) is None:
                self._lost += oldest.counted

    def _retract(self, event: Event) -> None:
        if not self._sampled or not type(event).retracts:
            return
        self._sampled = deque(e for e in self._sampled if not event.takes_back(e))
        if self._staff_only:
            kept = {id(e) for e in self._sampled}
            self._staff_only = {i: e for i, e in self._staff_only.items() if i in kept}
