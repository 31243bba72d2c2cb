"""Logs failures of Redis: a new cause at once, then the number of its repetitions."""

import asyncio
import logging

from redis.exceptions import AskError, NoScriptError, TryAgainError

from server.store.refusals import words_of

log = logging.getLogger(__name__)

REPEAT_S = 60.0
"""Time for which repetitions of a logged cause are only counted."""
CAUSES_MAX = 50
"""Most causes counted at a time; further causes are logged together, as one."""
_OTHERS = "something else failed"
# Answers that the store itself handles in normal operation.
_ANSWERED = (AskError, TryAgainError, NoScriptError)


class Troubles:
    """One worker's failures at its Redis. The operator page shows these lines like all warnings."""

    def __init__(self) -> None:
        self._again: dict[str, int] = {}

    def note(self, error: BaseException) -> None:
        """Log the cause, or only count it if it was logged within REPEAT_S."""
        if isinstance(error, _ANSWERED):
            return
        words = words_of(error)
        if words not in self._again and len(self._again) >= CAUSES_MAX:
            words = _OTHERS
        if words in self._again:
            self._again[words] += 1
            return
        self._again[words] = 0
        log.warning("Redis: %s.", words)
        asyncio.get_running_loop().call_later(REPEAT_S, self._tell, words)

    def _tell(self, words: str) -> None:
        count = self._again.pop(words)
        if count:
            log.warning("Redis: %s (%d times more in %d s).", words, count, REPEAT_S)
