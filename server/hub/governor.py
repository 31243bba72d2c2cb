"""Chooses the tick: a worker that has time spends it on latency, one that is busy gathers.

Computed from three measurements, each smoothed: the time a pass takes for each member, how many
members the passes of the last second served, and the share of a core that everything else on the
worker takes. None of them follows the tick closely, so the tick settles where the load does, and
does not swing. Decisions 79, 95 and 119 have the measurements behind the constants.
"""

from dataclasses import dataclass

from server.settings.sections import Hub

PASSES_MAX = 0.34
"""Share of a core that passes may take for the sake of latency."""
SPENT_MAX = 0.50
"""Share of a core that passes and everything else may take together for the sake of latency."""
CALM, BUSY = 0.55, 0.6
"""Shares of a core: what everything takes if passes take what they may. Up to the first the tick is
as short as `PASSES_MAX` and `SPENT_MAX` let it be, from the second on as long as the head count
makes it."""
MEMBER_S = 8e-6
"""Time a pass is thought to take for each member before one was measured."""
PASS_WEIGHT = 1 / 4
"""Weight of a pass over all members against those before it: eight show nine tenths of a change."""
OUTLIER = 2.0
"""A pass counts as this many times the usual at most, since the machine may have held it up."""
MEMBER_S_MIN = 1e-7
"""Less than any pass takes for a member: so a wrong clock does no lasting harm."""
TICK_S_MIN = 1e-3
"""The least that `hub.tick_ms_min` may be."""
REST_KEPT = 7 / 8
"""Weight that the time between earlier passes keeps at each further one."""
REST_S = 0.25
"""Longest time between two passes that counts in full; a longer one counts as so much."""
GATHER_CALM, GATHER_FULL = 0.15, 0.3
"""Shares of a core that everything but passes takes, from which comments are gathered for longer
before the bus, and up to which."""
GATHER_MIN = 0.2
"""Part of `bus.publish_interval_ms` over which a worker that has time gathers comments."""


@dataclass(frozen=True)
class Bounds:
    """The shortest and the longest tick that a crowd can have, in seconds."""

    shortest_s: float
    longest_s: float

    @classmethod
    def of_crowd(cls, size: int, settings: Hub) -> "Bounds":
        """Return the bounds for a worker with so many members: the head count sets the longest."""
        longest_ms = min(
            max(size * settings.tick_us_per_viewer / 1000, settings.tick_ms_min),
            settings.tick_ms_max,
        )
        return cls(settings.tick_ms_min / 1000, longest_ms / 1000)


class Governor:
    """Keeps what was measured on a worker, and says how long a tick is for it."""

    __slots__ = ("_rest_cpu_s", "_rest_s", "member_s")

    def __init__(self) -> None:
        self.member_s = MEMBER_S
        """Time that a pass takes for each member."""
        self._rest_s = REST_S
        self._rest_cpu_s = 0.0
        """Time between passes, and CPU used in it; what is long past weighs less."""

    @property
    def rest(self) -> float:
        """Share of a core that everything but passes takes."""
        return min(self._rest_cpu_s / self._rest_s, 1.0)

    def note_pass(self, took_s: float, members: int, crowd: int) -> None:
        """Note a pass over `members` of a crowd of so many that hear something just now.

        Other work on the loop runs between the slices of a pass; its share is taken off. A pass
        over a few tells little of what a pass over all takes.
        """
        if members <= 0:
            return
        each_s = took_s * (1 - min(self.rest, BUSY)) / members
        each_s = min(each_s, self.member_s * OUTLIER)
        self.member_s += (each_s - self.member_s) * PASS_WEIGHT * min(1.0, members / max(crowd, 1))
        self.member_s = max(self.member_s, MEMBER_S_MIN)

    def note_rest(self, cpu_s: float, wall_s: float) -> None:
        """Note an interval without a pass, and the CPU time that the worker used in it."""
        if wall_s <= 0:
            return
        counted = min(1.0, REST_S / wall_s)
        self._rest_s = self._rest_s * REST_KEPT + wall_s * counted
        self._rest_cpu_s = self._rest_cpu_s * REST_KEPT + cpu_s * counted

    def tick_s(self, crowd: int, bounds: Bounds) -> float:
        """Return the tick in seconds, within `bounds`, while passes serve `crowd` members."""
        pass_s = crowd * self.member_s
        share = min(PASSES_MAX, SPENT_MAX - self.rest)
        if share * bounds.longest_s <= pass_s:
            return bounds.longest_s
        shortest_s = max(pass_s / share, bounds.shortest_s)
        load = self.rest + min(PASSES_MAX, pass_s / max(bounds.shortest_s, TICK_S_MIN))
        fullness = min(max((load - CALM) / (BUSY - CALM), 0.0), 1.0)
        return min(shortest_s + (bounds.longest_s - shortest_s) * fullness, bounds.longest_s)

    @property
    def gathering(self) -> float:
        """The part of `bus.publish_interval_ms` over which comments are gathered now."""
        fullness = (self.rest - GATHER_CALM) / (GATHER_FULL - GATHER_CALM)
        return GATHER_MIN + (1 - GATHER_MIN) * min(max(fullness, 0.0), 1.0)
