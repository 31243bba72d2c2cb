"""What a background task fails with: logged once a cause, counted every time.

A task that is done again and again may fail twice a second for an hour. The log says so with the
traceback when a cause is new, again after `SAY_AGAIN_S`, and once when the task works again. The
metric `liveroom_task_failures_total{task}` counts every failure; it belongs to the process, as the
tasks do, and each worker's `Metrics` shows it.
"""

import logging
import re
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cachetools import LRUCache
from prometheus_client import Counter

_log = logging.getLogger(__name__)

FAILURES = Counter(
    "liveroom_task_failures",
    "Exceptions in background tasks, by task; the task goes on with a pause.",
    ["task"],
    registry=None,
)

SAY_AGAIN_S = 60.0
"""A cause that goes on is said again after so long, with how often it was not said."""
CAUSES_MAX = 100
"""Causes a task remembers; of more, the one met longest ago is forgotten and said anew."""
SUBJECTS_NAMED_MAX = 20
"""Rooms that are named for one cause in `SAY_AGAIN_S`; more are counted only."""
FAILING_MAX = 10_000
"""Rooms that fail now and wait for their next try; of more, some are tried without a pause."""
BACK_OFF_S = (0.5, 5.0)
"""The pause after a failure; it doubles from the first to the second."""
MESSAGE_CHARS_MAX = 200

_VARIES = re.compile(r"0x[0-9a-f]+|\d+")
_PACKAGE = str(Path(__file__).parent)


def declare(*tasks: str) -> None:
    """Have the metric show tasks that are only made later, as those of a room."""
    for task in tasks:
        FAILURES.labels(task)


class Cause(NamedTuple):
    """What makes two failures the same: type, place in the code, message without its numbers."""

    kind: str
    place: str
    message: str


def cause_of(error: BaseException) -> Cause:
    """The cause of an exception that was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_PACKAGE)] or frames
    place = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else ""
    message = _VARIES.sub("#", str(error)[:MESSAGE_CHARS_MAX])
    return Cause(type(error).__name__, place, message)


class _Said:
    """When a cause was said, for which subjects, and how often it came since without a word."""

    __slots__ = ("at", "silent", "subjects")

    def __init__(self, at: float, silent: int) -> None:
        self.at = at
        self.silent = silent
        self.subjects: set[str] = set()


class _Failing:
    """A subject's failures in a row, whether the log names it, and when it may be tried again."""

    __slots__ = ("again_at", "in_a_row", "said")

    def __init__(self) -> None:
        self.in_a_row = 0
        self.said = False
        self.again_at = 0.0


class Troubles:
    """The failures of one task, by subject: '' is the task itself, others are rooms or nodes.

    `back_off_s` is the first and the longest pause after a failure, in seconds.
    """

    def __init__(
        self,
        task: str,
        back_off_s: tuple[float, float] = BACK_OFF_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.task = task
        self._count = FAILURES.labels(task)  # so the metric is there before the first failure
        self._pause_s_min, self._pause_s_max = back_off_s
        self._clock = clock
        self._causes: LRUCache[Cause, _Said] | None = None
        self._failing: LRUCache[str, _Failing] | None = None

    def failed(self, error: BaseException, subject: str = "") -> float:
        """Count a failure and say it if it is new; the seconds to wait before the next try."""
        self._count.inc()
        if self._failing is None or self._causes is None:  # most tasks never fail
            self._failing, self._causes = LRUCache(FAILING_MAX), LRUCache(CAUSES_MAX)
        failing = self._failing.get(subject)
        if failing is None:
            failing = self._failing[subject] = _Failing()
        pause_s = min(self._pause_s_min * 2.0 ** min(failing.in_a_row, 30), self._pause_s_max)
        failing.in_a_row += 1
        failing.again_at = self._clock() + pause_s
        failing.said |= self._say(self._causes, error, subject)
        return pause_s

    def works(self, subject: str = "") -> None:
        """Note a success; the first after a failure that was logged is logged too."""
        failing = self._failing.pop(subject, None) if self._failing else None
        if failing is not None and failing.said:
            _log.warning(
                "The task `%s`%s works again after %d failures in a row.",
                *(self.task, _of(subject), failing.in_a_row),
            )

    def may_try(self, subject: str) -> bool:
        """Whether the pause after the subject's last failure is over."""
        failing = self._failing.get(subject) if self._failing else None
        return failing is None or self._clock() >= failing.again_at

    def _say(self, causes: "LRUCache[Cause, _Said]", error: BaseException, subject: str) -> bool:
        now = self._clock()
        cause = cause_of(error)
        said = causes.get(cause)
        is_new = said is None or now - said.at >= SAY_AGAIN_S
        if said is None or is_new:
            said = causes[cause] = _Said(now, said.silent if said is not None else 0)
        if subject in said.subjects or len(said.subjects) >= SUBJECTS_NAMED_MAX:
            said.silent += 1
            return False
        said.subjects.add(subject)
        often = f" This came {said.silent} more times since it was last logged." * bool(said.silent)
        said.silent = 0
        _log.error(
            "The task `%s`%s failed and is tried again: %s: %s.%s",
            *(self.task, _of(subject), cause.kind, str(error).rstrip("."), often),
            exc_info=error if is_new else None,
        )
        return True


def _of(subject: str) -> str:
    return f" for `{subject}`" if subject else ""
