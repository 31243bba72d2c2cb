"""Reads from a server of ours how often it did what a fit must not guess."""

import re
import urllib.request
from typing import NamedTuple

_CALLS = re.compile(
    r'^liveroom_batch_size_count\{(?=[^}]*script="(?:comments|asks)\.)[^}]*\} (\S+)$', re.MULTILINE
)
_FRAMES = re.compile(r"^liveroom_frames_total\{[^}]*\} (\S+)$", re.MULTILINE)


class OwnCounts(NamedTuple):
    """What all workers did: calls of scripts that store comments and questions, and frames written
    by passes."""

    calls: float
    frames: float

    def since(self, before: "OwnCounts") -> "OwnCounts":
        """Return what was done since `before`."""
        return OwnCounts(*(now - then for now, then in zip(self, before, strict=True)))

    def each_second(self, seconds: float) -> "OwnCounts":
        """Return what was done a second, if this was done in so many."""
        return OwnCounts(*(n / seconds for n in self))


def own_counts(url: str) -> OwnCounts:
    """Return the counts since the server at this URL started."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:  # noqa: S310 - our server
        text: str = answer.read().decode()
    return OwnCounts(*(sum(map(float, kind.findall(text))) for kind in (_CALLS, _FRAMES)))
