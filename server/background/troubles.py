"""Failures of background tasks: logs each cause once, counts every failure.

A repeated task may fail twice a second for an hour. A new cause is logged with its traceback; a
lasting cause is logged again after `SAY_AGAIN_S`; the recovery is logged once. The metric
`liveroom_task_failures_total{task}` counts every failure. It belongs to the process, like the tasks
themselves, and each worker's `Metrics` shows it.
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
"""A lasting cause is logged again after so long, with the number of failures since."""
CAUSES_MAX = 100
"""Most causes that a task remembers; the one met longest ago is forgotten, and logged as new."""
SUBJECTS_NAMED_MAX = 20
"""Most rooms that the log names for one cause per `SAY_AGAIN_S`; others are only counted."""
FAILING_MAX = 10_000
"""Most failing rooms that wait for their next try; beyond it some are retried without a pause."""
BACK_OFF_S = (0.5, 5.0)
"""The pauses after a failure: from the first value doubling up to the second."""
MESSAGE_CHARS_MAX = 200

_VARIES = re.compile(r"0x[0-9a-f]+|\d+")
_PACKAGE = str(Path(__file__).parent)


def declare(*tasks: str) -> None:
    """Show tasks in the metric before they exist, such as those of a room."""
    for task in tasks:
        FAILURES.labels(task)


class Cause(NamedTuple):
    """The identity of a failure: type, place in the code, message without its numbers."""

    kind: str
    place: str
    message: str


def cause_of(error: BaseException) -> Cause:
    """Return the cause of a raised exception."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_PACKAGE)] or frames
    place = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else ""
    message = _VARIES.sub("#", str(error)[:MESSAGE_CHARS_MAX])
    return Cause(type(error).__name__, place, message)


class _Said:
    """The last log line of a cause: its time, its subjects, and the unlogged failures since."""

    __slots__ = ("at", "silent", "subjects")

    def __init__(self, at: float, silent: int) -> None:
        self.at = at
        self.silent = silent
        self.subjects: set[str] = set()


class _Failing:
    """A subject's failures in a row, whether the log named it, and the time of its next try."""

    __slots__ = ("again_at", "in_a_row", "said")

    def __init__(self) -> None:
        self.in_a_row = 0
        self.said = False
        self.again_at = 0.0


class Troubles:
    """The failures of one task by subject: '' is the task itself, others are rooms or nodes.

    `back_off_s` is the first and the longest pause after a failure, in seconds.
    """

    def __init__(
        self,
        task: str,
        back_off_s: tuple[float, float] = BACK_OFF_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.task = task
        self._count = FAILURES.labels(task)  # shows the metric as 0 before the first failure
        self._pause_s_min, self._pause_s_max = back_off_s
        self._clock = clock
        self._causes: LRUCache[Cause, _Said] | None = None
        self._failing: LRUCache[str, _Failing] | None = None

    def failed(self, error: BaseException, subject: str = "") -> float:
        """Count a failure, log it if it is new; return the seconds to wait before the next try."""
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
        """Note a success; the first one after a logged failure is logged too."""
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
