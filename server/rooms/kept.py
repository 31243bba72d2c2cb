"""Must-events that a worker keeps for returning viewers."""

from collections import deque
from typing import Any

from msgspec import Raw

from server.protocol.codec import CODECS, Encoding
from server.protocol.joining import Last
from server.protocol.message import Event
from server.store.bus import Say

MISSED_BYTES_MAX = 524_288
"""Largest replay to one who returns: any viewer may return at any time, and all do at once."""


class Kept:
    """A must-event that a returning viewer may have missed; encoded once per encoding."""

    __slots__ = ("_raws", "event", "seq")

    def __init__(self, seq: int, event: Event) -> None:
        self.seq = seq
        self.event = event
        self._raws: dict[Encoding, Raw] = {}

    def raw(self, encoding: Encoding) -> Raw:
        """The event's bytes."""
        if encoding not in self._raws:
            self._raws[encoding] = Raw(CODECS[encoding].encode(self.event))
        return self._raws[encoding]


class KeptEvents:
    """The newest must-events to the room, at most `most`."""

    def __init__(self, most: int) -> None:
        self._events: deque[Kept] = deque(maxlen=most)

    def add(self, say: Say[Any]) -> None:
        """Keep an event; beyond `most` the oldest is dropped."""
        self._events.append(Kept(say.seq, say.event))

    def missed(
        self, last: Last | None, epoch: str, seq: int, encoding: Encoding
    ) -> tuple[list[Raw] | None, bool]:
        """Return the events after `last` up to `seq` of `epoch`, and whether any is lost, or they
        are too large together."""
        if last is None:
            return None, False
        if last.epoch != epoch or last.seq > seq:
            return None, True
        oldest = self._events[0].seq if self._events else seq + 1
        if last.seq < oldest - 1:
            return None, True
        missed, size = list[Raw](), 0
        for kept in reversed(self._events):
            if last.seq < kept.seq <= seq:
                missed.append(kept.raw(encoding))
                size += memoryview(missed[-1]).nbytes
                if size > MISSED_BYTES_MAX:
                    return None, True
        return missed[::-1], False
