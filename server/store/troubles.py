"""Logs what goes wrong at Redis: each cause at once, then how often it came again."""

import asyncio
import logging

from redis.exceptions import AskError, NoScriptError, TryAgainError

from server.store.refusals import words_of

log = logging.getLogger(__name__)

REPEAT_S = 60.0
"""Time over which one cause is counted instead of logged."""
CAUSES_MAX = 50
"""Causes counted at a time; those beyond are logged together, as one."""
_OTHERS = "something else failed"
# Answers that the store itself acts on; they are part of how it works.
_ANSWERED = (AskError, TryAgainError, NoScriptError)


class Troubles:
    """What one worker met at its Redis. The operator page shows the lines, as all warnings."""

    def __init__(self) -> None:
        self._again: dict[str, int] = {}

    def note(self, error: BaseException) -> None:
        """Log this cause now, or count it if it was logged within REPEAT_S."""
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
