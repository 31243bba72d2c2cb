"""What the readers of compressed frames keep in mind, once for all who keep the same.

A server that keeps its window (RFC 7692 section 7.1.1) compresses a frame by those that its reader
got before. Thousands of readers get the same frames, so what one of them knows is a state that many
share: a frame leads from one state to the next, and each such step is inflated once.
"""

import zlib
from collections import OrderedDict

STATES_MAX = 1000
"""Most states kept, 40 KB each. A reader so many frames behind the others is not understood."""
FRESH = 0
"""The state of a reader that has got no compressed frame, or keeps no window."""


class Inflaters:
    """The states by their numbers."""

    def __init__(self) -> None:
        self._states: OrderedDict[int, zlib._Decompress] = OrderedDict()
        self._number = FRESH

    def inflate(self, state: int, payload: bytes) -> tuple[bytes, int]:
        """Inflate a frame for a reader in this state; return it, and the state that follows. Of a
        state that is no longer kept it returns nothing."""
        if state == FRESH:
            inflater = zlib.decompressobj(-15)
        elif state in self._states:
            inflater = self._states[state].copy()
        else:
            return b"", state
        plain = inflater.decompress(payload + b"\x00\x00\xff\xff")
        self._number += 1
        self._states[self._number] = inflater
        if len(self._states) > STATES_MAX:
            self._states.popitem(last=False)
        return plain, self._number
