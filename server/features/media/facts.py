"""The facts that the timeline keeps about the picture."""

from server.rooms.facts import Fact


class PictureFact(Fact, tag="picture", frozen=True, kw_only=True):
    """Somebody began to send the room's picture."""

    at: int


class StreamKeyFact(Fact, tag="stream_key", frozen=True, kw_only=True):
    """The room's stream key was made anew: this is the number of the key in force."""

    number: int
