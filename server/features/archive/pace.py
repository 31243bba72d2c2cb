"""Bounds how much of a worker's time the archive takes, and how much at once: what rooms leave of
it.

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
BATCH_BYTES_IDLE = 1 << 20
"""Bytes of entries that are copied between two pauses in a process with nothing else to do."""
BATCH_BYTES_BUSY = 1 << 17
"""The same in a busy one: about 1,000 order lines, and 40 ms of work. An entry may hold as many
lines as were bought at once, so a number of entries would bound nothing."""
PAUSE_S_MIN = 0.005
"""Shortest pause; a shorter one would not show what the process does besides."""


class Pace:
    """Chooses the size of batches, and the pauses between them."""

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

    @property
    def batch_bytes(self) -> int:
        """Bytes of entries to copy before the next pause."""
        return int(BATCH_BYTES_BUSY + (BATCH_BYTES_IDLE - BATCH_BYTES_BUSY) * self._spare)

    @property
    def _spare(self) -> float:
        """1 in an idle process, 0 in a busy one."""
        return max(0.0, 1 - self._busy / BUSY_AT)

    def pause_s(self) -> float:
        """Note the end of a batch; return how long to pause."""
        self._paused_at = self._clock(), self._cpu_s()
        share = BUSY_SHARE + (IDLE_SHARE - BUSY_SHARE) * self._spare
        worked = self._paused_at[0] - self._began
        return min(PAUSE_S_MAX, max(PAUSE_S_MIN, worked * (1 / share - 1)))
