"""The facts that the timeline keeps about lucky draws, and what they add to the figures."""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from server.features.luckies.messages import Lucky
from server.rooms.facts import Fact
from server.rooms.tally import Take, Tallies, Tally


class LuckyFact(Fact, tag="lucky", frozen=True, kw_only=True):
    """A lucky draw was opened or drawn; without `by` it was drawn by the clock."""

    shown: ClassVar[tuple[str, ...]] = ("lucky",)

    lucky: Lucky


class LuckyNumbers(Struct, kw_only=True):
    """The lucky draws of a room."""

    luckies: int


class LuckyTally(Tally):
    """Counts lucky draws, open ones too."""

    Numbers = LuckyNumbers

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._luckies: set[str] = set()

    def facts(self) -> Mapping[type[Fact], Take]:
        return {LuckyFact: self._lucky}

    def numbers(self) -> Mapping[str, Any]:
        return {"luckies": len(self._luckies)}

    def _lucky(self, fact: dict[str, Any]) -> None:
        self._luckies.add(fact["lucky"]["lucky"])
