"""Compresses what viewers of one variant get alike, each frame by the frames before it.

The sender of compressed messages may refer to those it sent before: it keeps its window, which RFC
7692 (section 7.1.1) calls context takeover. A comment alone deflates little; among others like it,
to a quarter. A compressor for each connection would cost its memory and a compression each. But
viewers of a variant get the same frames, so one compressor serves all who got each of its frames: a
run. Who missed one, or got another compressed frame between, is out of it: they came later, were
behind, were told as staff, or were written something of their own instead. They get frames that are
compressed alone, which any reader can inflate at any time, until a new run begins.
"""

import itertools
import zlib
from collections.abc import Iterable

from server.hub.member import Member, Variant
from server.hub.tick import Share, Tick
from server.protocol.codec import deflate, ws_frame

SHARED_FROM = 20
"""Fewest viewers of a variant for whom a window is kept. It takes 72 KB: 3.6 KB each, as much as
the viewer itself; of more viewers less."""

_LEVEL, _WINDOW_BITS, _MEMORY_LEVEL = 6, 13, 6
"""Of zlib's deflate: 8 KiB of earlier text. All 32 KiB save 3 % more and take twice the memory."""
_numbers = itertools.count(1)


class Packed:
    """A frame of a run, and who can read it."""

    __slots__ = ("after", "followers", "frame", "number", "strays")

    def __init__(self, frame: bytes, after: int) -> None:
        self.frame = frame
        self.number = next(_numbers)
        """No other frame of the process has it."""
        self.after = after
        """The number of the run's frame before it; 0 of the first, which all can read."""
        self.followers = 0
        """How many members it was for so far."""
        self.strays = 0
        """How many it was not for, since they missed a frame of its run."""

    def part(self, members: Iterable[Member]) -> tuple[list[Member], list[Member]]:
        """Part members into those who can read it, and the others."""
        after = self.after
        followers: list[Member] = []
        strays: list[Member] = []
        for member in members:
            (strays if after and member.packed != after else followers).append(member)
        self.followers += len(followers)
        self.strays += len(strays)
        return followers, strays

    def note_written(self, followers: Iterable[Member]) -> None:
        """Note who got it. If the write failed, nobody has it for sure: they are strays then, who
        can read what is compressed alone, whatever they got."""
        number = self.number
        for member in followers:
            member.packed = number


class SharedWindow:
    """The compressor of the viewers of one variant."""

    def __init__(self, opcode: int) -> None:
        self._opcode = opcode
        self._packer = _packer()
        self._last: Packed | None = None
        self._missed = 0
        """Frames that strays got alone since the run began, each counted for each of them."""

    def pack(self, payload: bytes) -> Packed:
        """Compress the payload that the viewers get next.

        A new run begins once the strays have cost as much as its first frame will, which goes to
        all followers compressed alone as theirs do. So strays cost about twice what they must.
        """
        last, self._last = self._last, None  # if this fails, a new run begins
        after = 0
        if last is not None:
            self._missed += last.strays
            after = 0 if self._missed and self._missed >= last.followers else last.number
        if not after:
            self._packer, self._missed = _packer(), 0
        packed = deflate(payload, self._packer)
        self._last = Packed(ws_frame(packed, self._opcode, compressed=True), after)
        return self._last


class SharedWindows:
    """The windows of one audience: a variant's is in use by its viewers."""

    def __init__(self) -> None:
        self._windows: dict[Variant, SharedWindow] = {}

    def pack(self, tick: Tick, variant: Variant, viewers: int) -> Packed | None:
        """Compress a tick for so many viewers; None if it is written as it is alone: their
        readers keep no window, they are few, or it has nothing for them."""
        if viewers < SHARED_FROM or not variant.window:
            return None
        payload = tick.payload(variant.encoding, Share.BUDGET)
        if not payload:
            return None
        window = self._windows.get(variant)
        if window is None:
            window = self._windows[variant] = SharedWindow(variant.codec.opcode)
        return window.pack(payload)

    def forget_if_few(self, variant: Variant, viewers: int) -> None:
        """Free the window of a variant that too few have."""
        if viewers < SHARED_FROM:
            self._windows.pop(variant, None)


def _packer() -> "zlib._Compress":
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL)
