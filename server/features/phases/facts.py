"""What the timeline keeps of a room's phases, and when its stream was."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from server.features.shelf.facts import ShelfTally
from server.rooms.facts import Fact
from server.rooms.tally import FOREVER, Span, Take, Tallies, Tally


class PhaseFact(Fact, tag="phase", frozen=True, kw_only=True):
    """The stream started or ended; with `selling` sales go on."""

    shown: ClassVar[tuple[str, ...]] = ("phase",)

    phase: Literal["live", "ended"]
    selling: bool = False


class SellingFact(Fact, tag="selling", frozen=True, kw_only=True):
    """The host chose whether what is on sale can be bought after the end."""

    shown: ClassVar[tuple[str, ...]] = ("on",)

    on: bool


class PhaseTally(Tally):
    """When the stream started and ended (Unix ms; None: not yet). Its end takes the pin off."""

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._shelf = room.tally(ShelfTally)
        self.started_ms: int | None = room.since_ms if room.always_live else None
        self.ended_ms: int | None = None

    def facts(self) -> Mapping[type[Fact], Take]:
        return {PhaseFact: self._phase}

    @property
    def stream(self) -> Span | None:
        """From its start to its end, or for ever; None before it starts."""
        if self.started_ms is None:
            return None
        return self.started_ms, FOREVER if self.ended_ms is None else self.ended_ms

    def _phase(self, fact: dict[str, Any]) -> None:
        if fact["phase"] == "live":
            self.started_ms = fact["at"]
        elif fact["phase"] == "ended":
            self.ended_ms = fact["at"]
            self._shelf.pin("", fact["at"])
