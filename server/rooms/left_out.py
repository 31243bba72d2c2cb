"""Rooms that a list goes on without: one that can't be read, or whose data are damaged."""

import logging

from server.protocol.codes import CommandError
from server.store.refusals import words_of

_log = logging.getLogger(__name__)

_TOLD_MAX = 1000
"""Most logged causes that are remembered, so as not to log them again. Beyond that all are
forgotten."""


class LeftOut:
    """Logs each room that is left out of `what`, once a cause."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._told: set[tuple[str, str]] = set()

    def say(self, room: str, why: BaseException) -> None:
        """Log that a room is left out, unless that was logged before."""
        words = why.msg if isinstance(why, CommandError) else words_of(why)
        if (room, words) in self._told:
            return
        if len(self._told) >= _TOLD_MAX:
            self._told.clear()
        self._told.add((room, words))
        _log.warning("Room %s is left out of %s: %s.", room, self._what, words.rstrip("."))

    def texts(self, ids: list[bytes]) -> list[str]:
        """Return the ids that are valid text; the server itself never creates any other."""
        found = []
        for raw in ids:
            try:
                found.append(raw.decode())
            except UnicodeDecodeError as damage:
                self.say(repr(raw), damage)
        return found
