"""The facts that the timeline keeps about custom events."""

from server.rooms.facts import Fact


class CustomFact(Fact, tag="custom", frozen=True, kw_only=True):
    """A custom event was told to everybody. Values and samples leave no fact, nor does `data`."""

    name: str
