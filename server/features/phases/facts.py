"""The facts that the timeline keeps about a room's phases: when its stream was."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from server.features.shelf.facts import ShelfTally
from server.rooms.facts import Fact
from server.rooms.tally import Take, Tallies, Tally


class PhaseFact(Fact, tag="phase", frozen=True, kw_only=True):
    """The stream started or ended; with `selling` sales go on. `cancelled`: it never started."""

    shown: ClassVar[tuple[str, ...]] = ("phase", "cancelled", "reason")

    phase: Literal["live", "ended"]
    selling: bool = False
    cancelled: bool = False
    reason: str = ""


class SellingFact(Fact, tag="selling", frozen=True, kw_only=True):
    """The host chose whether what is on sale can be bought after the end."""

    shown: ClassVar[tuple[str, ...]] = ("on",)

    on: bool


class PhaseTally(Tally):
    """Says when the stream starts and ends. Its end takes the pin off."""

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._room, self._shelf = room, room.tally(ShelfTally)

    def facts(self) -> Mapping[type[Fact], Take]:
        return {PhaseFact: self._phase}

    def _phase(self, fact: dict[str, Any]) -> None:
        if fact["phase"] == "live":
            self._room.started_ms = fact["at"]
        elif fact["phase"] == "ended":
            self._room.ended_ms = fact["at"]
            self._shelf.pin("", fact["at"])
