"""The facts that the timeline keeps about moderators."""

from server.rooms.facts import Fact


class ModeratorFact(Fact, tag="moderator", frozen=True, kw_only=True):
    """A user became a moderator of this room, or is none any more."""

    user: str
    on: bool
