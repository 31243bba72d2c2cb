"""How often a worker passes over its viewers and stores their comments: a busy one gathers for as
long as the head count says, one that has time does both more often (`server/hub/governor.py`)."""

from dataclasses import dataclass

from server.hub.audience import LONE_TICKS
from server.hub.governor import Bounds, Governor
from server.settings.sections import Bus, Hub

CALL_LATE_MS, COMMENT_LATE_MS, LATE_COMMENTS_MAX = 1.5, 0.4, 10
"""What a batch comes later than its interval, for the loop of a worker does other things too: by
itself, and for each comment in it up to so many. 170 a second were counted at 200/s, 107 at
1,000/s."""
IN_PASS = 0.9
"""Part of a frame's work that is done within its pass: `liveroom_pass_member_seconds` says 5.5 µs
where a frame takes 5.95. The rest is what readers' acknowledgements cost."""
PASSES_A_MESSAGE = 0.7
"""Passes for each message where about one comes in a tick, as was measured: 20 to 22 at 30/s."""


@dataclass(frozen=True)
class Cadence:
    """`tick_s` is the time over which messages are gathered for viewers, at most `longest_s`;
    `gathering` the part of `bus.publish_interval_ms` over which comments are gathered for Redis."""

    tick_s: float
    longest_s: float
    gathering: float = 1.0

    @classmethod
    def without_time(cls, viewers: float, hub: Hub) -> "Cadence":
        """Return the cadence of a worker that has no time to spare, with so many viewers."""
        longest_s = Bounds.of_crowd(round(viewers), hub).longest_s
        return cls(longest_s, longest_s)

    @classmethod
    def with_time(cls, viewers: float, hub: Hub, member_s: float, rest: float) -> "Cadence":
        """Return the cadence of a worker whose passes take `member_s` for each of so many viewers,
        and everything else `rest` of its core."""
        governor = Governor()
        governor.member_s = member_s
        for _ in range(100):  # what is long past weighs less
            governor.note_rest(rest, 1.0)
        bounds = Bounds.of_crowd(round(viewers), hub)
        tick_s = governor.tick_s(round(viewers), bounds)
        return cls(tick_s, bounds.longest_s, governor.gathering)

    def passes_per_s(self, messages_per_s: float) -> float:
        """Return how many passes so many messages of a room make. One that is alone waits for
        another for up to `LONE_TICKS`, if there is time."""
        passes = min(messages_per_s, 1 / self.tick_s)
        if self.tick_s >= self.longest_s:
            return passes
        alone = max(1 / (LONE_TICKS * self.tick_s), messages_per_s * PASSES_A_MESSAGE)
        return min(passes, alone)

    def batches_per_s(self, comments_per_s: float, bus: Bus) -> float:
        """Return in how many batches a worker stores so many comments of a room."""
        interval_ms = max(1.0, bus.publish_interval_ms * self.gathering)
        apart_ms = interval_ms + CALL_LATE_MS
        for _ in range(20):
            apart_ms = interval_ms + late_ms(comments_per_s * apart_ms / 1000)
        return min(comments_per_s, 1000 / apart_ms)


def late_ms(comments: float) -> float:
    """Return how much later than its interval a batch of so many comments comes."""
    return CALL_LATE_MS + COMMENT_LATE_MS * min(comments, LATE_COMMENTS_MAX)


def calls_of_batch(comments: float, apart_s: float) -> float:
    """Return how many script calls a batch of so many comments takes, so long after the one before.

    Some comments ask something, and the questions among them are stored by a call of their own;
    what the queue of questions is, is told a few times a second. With the benchmarks' phrases 1.9
    were counted at 5/s, 1.5 at 30/s, 1.3 at 200/s, 1.6 at 1,000/s.
    """
    asked = 1 - float(0.5**comments)
    return 1 + 0.6 * asked + min(0.5, 3.5 * apart_s)
