"""How much of a worker's time the archive takes: what rooms leave of it.

During a pause the archive itself does nothing, so the CPU that the process then uses is what rooms
and orders need.
"""

import time
from collections.abc import Callable

IDLE_SHARE = 0.9
"""Part of the time that the archive works in a process with nothing else to do."""
BUSY_SHARE = 0.04
"""Part of the time that it works in a busy one."""
BUSY_AT = 0.4
"""A process that uses this part of a core, beside the archive, counts as busy."""
PAUSE_S_MAX = 1.0
"""Longest pause: a round can be slow because the records are, and that is not the worker's work."""
PAUSE_S_MIN = 0.005
"""Shortest pause; a shorter one would not show what the process does besides."""


class Pace:
    """Chooses the pauses between batches."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock = clock
        self._cpu_s = cpu_s
        self._paused_at: tuple[float, float] | None = None
        self._began = 0.0
        self._busy = 0.0

    def begin(self) -> None:
        """Note the end of a pause and the begin of a batch."""
        now, cpu = self._clock(), self._cpu_s()
        if self._paused_at is not None and now > self._paused_at[0]:
            used = min(1.0, (cpu - self._paused_at[1]) / (now - self._paused_at[0]))
            self._busy += (used - self._busy) / 2
        self._began = now

    def pause_s(self) -> float:
        """Note the end of a batch; return how long to pause."""
        self._paused_at = self._clock(), self._cpu_s()
        spare = max(0.0, 1 - self._busy / BUSY_AT)
        share = BUSY_SHARE + (IDLE_SHARE - BUSY_SHARE) * spare
        worked = self._paused_at[0] - self._began
        return min(PAUSE_S_MAX, max(PAUSE_S_MIN, worked * (1 / share - 1)))
