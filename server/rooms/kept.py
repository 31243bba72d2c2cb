"""Must-events that a worker keeps for viewers who come back, and the stream they are read from."""

from msgspec import Raw, Struct, msgpack

from server.protocol.codec import CODECS, Encoding
from server.protocol.events import RoomEvents
from server.store.bus import Say


class Kept:
    """A must-event that a returning viewer may have missed; encoded once per encoding."""

    __slots__ = ("_raws", "event", "seq")

    def __init__(self, seq: int, event: RoomEvents) -> None:
        self.seq = seq
        self.event = event
        self._raws: dict[Encoding, Raw] = {}

    def raw(self, encoding: Encoding) -> Raw:
        """The event's bytes."""
        if encoding not in self._raws:
            self._raws[encoding] = Raw(CODECS[encoding].encode(self.event))
        return self._raws[encoding]


class StreamPage(Struct):
    """The result of `room_events`: events after a position, and where the stream stands."""

    events: list[Say]
    gap: bool
    epoch: str
    seq: int
    sub: int


STREAM_PAGE = msgpack.Decoder(StreamPage)
