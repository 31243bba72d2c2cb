"""Defines what the timeline of a fan group keeps of it."""

from server.features.circles.hosts import Admits
from server.rooms.facts import Fact


class GroupFact(Fact, tag="group", frozen=True, kw_only=True):
    """The fan group was made or changed."""

    title: str
    admits: Admits


class GroupMemberFact(Fact, tag="member", frozen=True, kw_only=True):
    """A user joined the fan group or left it."""

    user: str
    on: bool
