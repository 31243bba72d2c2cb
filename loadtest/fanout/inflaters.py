"""What the readers of compressed frames keep in mind, once for all who keep the same.

A server that keeps its window (RFC 7692 section 7.1.1) compresses a frame by those that its reader
got before. Thousands of readers get the same frames, so what one of them knows, the last 32 KiB
that it inflated, is a state that many share: a frame leads from one state to the next, and each
such step is inflated once.
"""

import zlib
from collections import OrderedDict

WINDOW_BYTES = 32_768
STATES_MAX = 2000
"""Most states kept, each of WINDOW_BYTES. A reader in one that is not kept any more is lost."""
FRESH = 0
"""The state of a reader that has got no compressed frame, or keeps no window."""


class Inflaters:
    """The states by their numbers; the same window has the same number."""

    def __init__(self) -> None:
        self._windows: OrderedDict[int, bytes] = OrderedDict()
        self._numbers: dict[bytes, int] = {}
        self._newest = FRESH

    def inflate(self, state: int, payload: bytes, *, alone: bool = False) -> tuple[bytes, int]:
        """Inflate a frame for a reader in this state; return it, and the state that follows: the
        same with `alone`, for a reader of frames that are compressed alone. Raises LookupError for
        a state that is not kept any more."""
        window = b""
        if state != FRESH:
            window = self._windows[state]
            self._windows.move_to_end(state)
        inflater = zlib.decompressobj(-15, zdict=window) if window else zlib.decompressobj(-15)
        plain = inflater.decompress(payload + b"\x00\x00\xff\xff")
        return plain, state if alone else self._number((window + plain)[-WINDOW_BYTES:])

    def _number(self, window: bytes) -> int:
        number = self._numbers.get(window)
        if number is None:
            self._newest += 1
            number = self._numbers[window] = self._newest
            self._windows[number] = window
            if len(self._windows) > STATES_MAX:
                _, oldest = self._windows.popitem(last=False)
                del self._numbers[oldest]
        return number
