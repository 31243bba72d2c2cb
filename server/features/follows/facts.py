"""The facts that the timeline keeps about follows, reservations and announcements; their sums."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from server.rooms.facts import Fact
from server.rooms.tally import Take, Tallies, Tally


class FollowFact(Fact, tag="follow", frozen=True, kw_only=True):
    """A user followed the host in this room, or no longer does."""

    user: str
    on: bool


class ReserveFact(Fact, tag="reserve", frozen=True, kw_only=True):
    """A user reserved a place, or gave it up."""

    user: str
    on: bool


class AnnouncedFact(Fact, tag="announced", frozen=True, kw_only=True):
    """So many users (`n`) were told of the start, through the outbox or on their connections."""

    to: Literal["outbox", "connections"]
    why: Literal["reserved", "follow", ""] = ""
    n: int


class CalledOffFact(Fact, tag="called_off", frozen=True, kw_only=True):
    """So many users (`n`) were told that the room was cancelled, in the same ways."""

    to: Literal["outbox", "connections"]
    why: Literal["reserved", "follow", ""] = ""
    n: int


class FollowNumbers(Struct, kw_only=True):
    """Users who followed the host in this room; one who unfollowed at once is still one."""

    new_followers: int


class FollowTally(Tally):
    """The users who followed here, who have a place reserved, and who were told of the start."""

    Numbers = FollowNumbers

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._followed: set[str] = set()
        self.reserved: set[str] = set()
        self.announced: set[str] = set()

    def facts(self) -> Mapping[type[Fact], Take]:
        return {FollowFact: self._follow, ReserveFact: self._reserve}

    def lines(self) -> Mapping[str, Take]:
        return {"announced": self._announced}

    def numbers(self) -> Mapping[str, Any]:
        return {"new_followers": len(self._followed)}

    def _follow(self, fact: dict[str, Any]) -> None:
        if fact["on"]:
            self._followed.add(fact["user"])

    def _reserve(self, fact: dict[str, Any]) -> None:
        """The last fact of a user counts."""
        (self.reserved.add if fact["on"] else self.reserved.discard)(fact["user"])

    def _announced(self, line: dict[str, Any]) -> None:
        self.announced.update(line["users"])
