"""The facts that the timeline keeps about visits: the users in the room, and their time there."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from server.protocol.joining import Source
from server.rooms.facts import Fact
from server.rooms.tally import Span, Take, Tallies, Tally

SourceKey = tuple[str, str]
"""Kind and id of a source; ("", "") for none."""


class Came(Struct, frozen=True, forbid_unknown_fields=True):
    """One arrival."""

    user: str
    conn: int
    at: int
    source: Source | None = None
    guest: bool = False


class Left(Struct, frozen=True, forbid_unknown_fields=True):
    """One departure."""

    conn: int
    at: int


class VisitsFact(Fact, tag="visits", frozen=True, kw_only=True):
    """Connections that joined and ended on a worker since its last such fact."""

    worker: str
    came: list[Came]
    left: list[Left]


def source_of(thing: Mapping[str, Any]) -> SourceKey:
    """The source that an order, or an arrival, names."""
    source = thing.get("source")
    return (source["kind"], source.get("id", "")) if source else ("", "")


class Visit(Struct, gc=False):
    """One connection; `left` is None until its worker reports that it has left."""

    worker: str
    came: int
    left: int | None = None


class Attended(NamedTuple):
    """The sums of the visits for a stream and its pins."""

    watched: dict[str, int]
    """user -> ms in the room during the stream; users without such time are absent."""
    by_pin: list[int]
    """How many users were here during each pin."""
    replay_viewers: int


class VisitTally(Tally):
    """All visits of a room, except those of its host."""

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._host = room.host
        self._visits: dict[tuple[str, int], Visit] = {}
        self._told: dict[str, int] = {}
        self.guests = 0
        self.of_user: dict[str, list[Visit]] = {}
        self.first_came: dict[str, int] = {}
        self.sources: dict[SourceKey, set[str]] = {}
        self.version = 0
        """Rises with each fact."""

    def facts(self) -> Mapping[type[Fact], Take]:
        return {VisitsFact: self._visits_changed}

    @property
    def size(self) -> int:
        """How many visits there were, guests' too."""
        return len(self._visits)

    def _visits_changed(self, fact: dict[str, Any]) -> None:
        worker = fact["worker"]
        self.version += 1
        self._told[worker] = max(fact["at"], self._told.get(worker, 0))
        for came in fact["came"]:
            self._came(worker, came)
        for left in fact["left"]:
            visit = self._visits.get((worker, left["conn"]))
            if visit is not None and visit.left is None:
                visit.left = left["at"]

    def _came(self, worker: str, came: dict[str, Any]) -> None:
        conn, user, at = (worker, came["conn"]), came["user"], came["at"]
        if user == self._host or conn in self._visits:
            return
        visit = self._visits[conn] = Visit(worker, at)
        if came.get("guest"):
            self.guests += 1
            return
        self.of_user.setdefault(user, []).append(visit)
        self.first_came[user] = min(at, self.first_came.get(user, at))
        self.sources.setdefault(source_of(came), set()).add(user)

    def _spans(self, visits: list[Visit]) -> list[Span]:
        """The union of a user's visits, in order."""
        spans: list[Span] = []
        for visit in sorted(visits, key=_came_at) if len(visits) > 1 else visits:
            left = self._told[visit.worker] if visit.left is None else visit.left
            left = max(left, visit.came + 1)
            if spans and visit.came <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], left)
            else:
                spans.append((visit.came, left))
        return spans

    def during(self, stream: Span | None, ended: bool, pins: Sequence[Span]) -> Attended:
        """The attendance of the stream (None before it starts) and of each of its pins.

        The pins are in order and don't overlap.
        """
        starts, ends = [pin[0] for pin in pins], [pin[1] for pin in pins]
        steps = [0] * (len(pins) + 1)
        watched: dict[str, int] = {}
        replay_viewers = 0
        for user, visits in self.of_user.items():
            spans = self._spans(visits)
            if stream is None:
                continue
            in_stream = sum(
                max(0, min(left, stream[1]) - max(came, stream[0])) for came, left in spans
            )
            if in_stream:
                watched[user] = in_stream
            if ended and spans[-1][1] > stream[1]:
                replay_viewers += 1
            counted = 0
            for came, left in spans:
                first = max(counted, bisect_right(ends, came))
                counted = max(first, bisect_left(starts, left))
                steps[first] += 1
                steps[counted] -= 1
        return Attended(watched, _running(steps)[: len(pins)], replay_viewers)


def _came_at(visit: Visit) -> int:
    return visit.came


def _running(steps: list[int]) -> list[int]:
    sums, here = [], 0
    for step in steps:
        here += step
        sums.append(here)
    return sums
