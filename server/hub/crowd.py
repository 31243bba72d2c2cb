"""The members of all rooms on a worker, whose audiences share its one core, and what passes over
them take of it."""

import time
from collections.abc import Callable

from server.hub.governor import Bounds, Governor
from server.settings.sections import Hub

HEARING_S = 1.0
"""Width of the windows in which the members are counted that hear something."""


class Crowd:
    """All members of a worker. Audiences tell it of their passes; it tells them the tick.

    `clock` and `cpu_s` give seconds: of any clock that never goes back, and of CPU that this
    process used.
    """

    __slots__ = (
        "_before", "_clock", "_cpu_s", "_heard_at", "_hearing", "_passing", "_served",
        "_since", "_since_cpu", "governor", "size",
    )  # fmt: skip

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        self.size = 0
        """How many members there are."""
        self.governor = Governor()
        self._clock, self._cpu_s = clock, cpu_s
        self._since, self._since_cpu = clock(), cpu_s()
        """When the last pass began or ended."""
        self._passing = self._served = 0
        """Passes under way, which may be of several rooms, and the members they serve."""
        self._hearing: dict[int, int] = {}
        self._before = 0
        """Members that heard something in the window before this one."""
        self._heard_at = self._since

    def tick_s(self, settings: Hub, here: int) -> float:
        """Return the seconds over which an audience of `here` members gathers messages."""
        return self.governor.tick_s(self._crowd_hearing(here), self.bounds(settings))

    def bounds(self, settings: Hub) -> Bounds:
        """Return the bounds of the tick for the members that there are."""
        return Bounds.of_crowd(self.size, settings)

    def begin_pass(self, audience: object, members: int) -> None:
        """Note that a pass of an audience begins, over so many members."""
        now = self._clock()
        if now - self._heard_at >= HEARING_S:
            just_now = now - self._heard_at < 2 * HEARING_S
            self._before = sum(self._hearing.values()) if just_now else 0
            self._hearing.clear()
            self._heard_at = now
        self._hearing[id(audience)] = max(members, self._hearing.get(id(audience), 0))
        if not self._passing:
            self.governor.note_rest(self._cpu_s() - self._since_cpu, now - self._since)
            self._since = now
        self._passing += 1
        self._served += members

    def end_pass(self) -> None:
        """Note that a pass ended. Passes that overlap are measured together."""
        self._passing -= 1
        if self._passing:
            return
        now = self._clock()
        self.governor.note_pass(now - self._since, self._served, self._crowd_hearing(0))
        self._since, self._since_cpu, self._served = now, self._cpu_s(), 0

    def _crowd_hearing(self, here: int) -> int:
        return max(self._before, sum(self._hearing.values()), here)
