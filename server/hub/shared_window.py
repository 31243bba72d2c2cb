"""Compresses what members of one variant get alike, each frame by the frames before it.

The sender of compressed messages may refer to those it sent before: it keeps its window, which RFC
7692 (section 7.1.1) calls context takeover. A comment alone deflates little; among others like it,
to a quarter. A compressor for each connection would cost its memory and a compression each. But
members of a variant get the same frames, so one compressor serves all who got each of its frames: a
run. Who missed one, or got another compressed frame between, is out of it: they came later, were
behind, were told as staff, or were written something of their own instead. They get frames that are
compressed alone, which any reader can inflate at any time, until a new run begins.
"""

import itertools
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from server.hub.member import Member, Variant
from server.hub.tick import Share, Tick
from server.protocol.codec import ws_frame

SHARED_FROM = 20
"""Fewest members for whom a window is kept. It takes 64 KiB, so at most some 3 KiB a member."""

_LEVEL, _WINDOW_BITS, _MEMORY_LEVEL = 6, 13, 6
"""Of zlib's deflate: 8 KiB of earlier text. All 32 KiB save 3 % more bytes and take 4 times the
memory."""
_TAIL = 4
"""Bytes at the end of a flush that are not sent (RFC 7692 section 7.2.1)."""
_numbers = itertools.count(1)


class Packed:
    """A frame of a run, and who can read it."""

    __slots__ = ("_after", "_number", "followers", "frame", "strays")

    def __init__(self, frame: bytes, after: int) -> None:
        """`after` is the number of the run's frame before it; 0 of the first, which all can
        read."""
        self.frame = frame
        self._number, self._after = next(_numbers), after
        self.followers = 0
        """How many members it was for so far."""
        self.strays = 0
        """How many it was not for, since they missed a frame of its run."""

    @property
    def number(self) -> int:
        """Its number: no other frame of the process has it."""
        return self._number

    def part(self, members: Iterable[Member]) -> tuple[list[Member], list[Member]]:
        """Part members into those who are to get it, and those who can't read it."""
        number, after = self._number, self._after
        followers: list[Member] = []
        strays: list[Member] = []
        for member in members:
            if not after or member.packed == after:
                member.packed = number
                followers.append(member)
            else:
                strays.append(member)
        self.followers += len(followers)
        self.strays += len(strays)
        return followers, strays


class SharedWindow:
    """The compressor of one group of members."""

    def __init__(self, opcode: int) -> None:
        self._opcode = opcode
        self._packer = _packer()
        self._last: Packed | None = None
        self._missed = 0
        """Frames that strays got alone since the run began, each counted for each of them."""

    def pack(self, payload: bytes) -> Packed:
        """Compress the payload that the group gets next.

        A new run begins once the strays have cost as much as it will: its first frame, compressed
        alone as theirs, goes to all followers. So strays cost at most twice what they must.
        """
        after = 0
        if self._last is not None:
            self._missed += self._last.strays
            if self._missed and self._missed >= self._last.followers:
                self._packer, self._missed = _packer(), 0
            else:
                after = self._last.number
        packed = self._packer.compress(payload) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        frame = ws_frame(packed[:-_TAIL], self._opcode, compressed=True)
        self._last = Packed(frame, after)
        return self._last


class _Group(NamedTuple):
    variant: Variant
    share: Share


class SharedWindows:
    """The windows of one audience."""

    def __init__(self) -> None:
        self._windows: dict[_Group, SharedWindow] = {}

    def pack(self, tick: Tick, variant: Variant, share: Share, members: int) -> Packed | None:
        """Compress a tick for so many members of a variant; None if they get it as it is alone:
        their readers keep no window, they are few, or it has nothing for them."""
        group = _Group(variant, share)
        if not variant.window or members < SHARED_FROM:
            self._windows.pop(group, None)
            return None
        payload = tick.payload(variant.encoding, share)
        if not payload:
            return None
        window = self._windows.get(group)
        if window is None:
            window = self._windows[group] = SharedWindow(variant.codec.opcode)
        return window.pack(payload)

    def forget(self, variant: Variant) -> None:
        """Free the windows of a variant that nobody has any more."""
        for share in Share:
            self._windows.pop(_Group(variant, share), None)


def _packer() -> "zlib._Compress":
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL)
