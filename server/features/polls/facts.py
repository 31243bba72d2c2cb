"""The facts that the timeline keeps about polls, and what they add to the figures."""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from server.features.polls.messages import Poll
from server.rooms.facts import Fact
from server.rooms.tally import Take, Tallies, Tally


class PollFact(Fact, tag="poll", frozen=True, kw_only=True):
    """A poll was opened or closed; without `by` it ended by the clock."""

    shown: ClassVar[tuple[str, ...]] = ("poll",)

    poll: Poll


class PollNumbers(Struct, kw_only=True):
    """The polls of a room, and the votes in them."""

    polls: int
    poll_votes: int


class PollTally(Tally):
    """The newest state of each poll counts: it has no votes until it closes."""

    Numbers = PollNumbers

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._votes: dict[str, int] = {}

    def facts(self) -> Mapping[type[Fact], Take]:
        return {PollFact: self._poll}

    def numbers(self) -> Mapping[str, Any]:
        return {"polls": len(self._votes), "poll_votes": sum(self._votes.values())}

    def _poll(self, fact: dict[str, Any]) -> None:
        self._votes[fact["poll"]["poll"]] = sum(fact["poll"]["votes"])
