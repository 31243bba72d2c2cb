"""The facts that the timeline keeps about moderators."""

from typing import ClassVar

from server.rooms.facts import Fact


class ModeratorFact(Fact, tag="moderator", frozen=True, kw_only=True):
    """A user became a moderator of this room, or is none any more."""

    moderates: ClassVar[bool] = True

    user: str
    on: bool
