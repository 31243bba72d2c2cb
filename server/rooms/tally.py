"""A tally: what the facts of one feature add up to in a room, for the figures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

from msgspec import Struct

from server.rooms.facts import Fact

T = TypeVar("T", bound="Tally")

Take = Callable[[dict[str, Any]], None]
"""Takes a fact, or a line of the ledger, as it is stored."""
Span = tuple[int, int]
"""Start (included) and end (excluded), in ms."""
FOREVER = 2**62


class NoNumbers(Struct):
    """The tally adds no numbers to the figures."""


class Tally:
    """The base of all tallies. The figures of a room make one of each kind.

    A tally uses no clock and reads no store. It takes its facts one by one, in their order. Facts
    and lines of the ledger come in any portions; after each, what it has added up is right.
    """

    Numbers: ClassVar[type[Struct]] = NoNumbers
    """The numbers that it adds to those of docs/metrics.md."""

    def __init__(self, room: "Tallies") -> None:
        """`room` gives the tallies of features that this one declares to lean on or to read."""

    def facts(self) -> Mapping[type[Fact], Take]:
        """Map each fact that counts to the method that takes it."""
        return {}

    def lines(self) -> Mapping[str, Take]:
        """Map each kind of line of the ledger to the method that takes it."""
        return {}

    def numbers(self) -> Mapping[str, Any]:
        """Return the values of `Numbers`."""
        return {}


class Tallies:
    """The tallies of one room, each kind once.

    `host` is whose visits are none. A room that is `always_live` is a stream without start and end.
    What happened before `since_ms` (Unix ms) is passed over.
    """

    def __init__(
        self, kinds: Sequence[type[Tally]], host: str, *, always_live: bool, since_ms: int
    ) -> None:
        self.host, self.since_ms = host, since_ms
        self.started_ms: int | None = since_ms if always_live else None
        """When the stream started (Unix ms); None: not yet."""
        self.ended_ms: int | None = None
        self._made: dict[type[Tally], Tally] = {}
        for kind in kinds:
            self._made[kind] = kind(self)
        made = self._made.values()
        self.takes_fact = _merged(
            [{fact.kind(): take for fact, take in tally.facts().items()} for tally in made]
        )
        self.takes_line = _merged([tally.lines() for tally in made])

    def tally(self, kind: type[T]) -> T:
        """The tally of this kind; its feature comes before the one that asks."""
        return cast("T", self._made[kind])

    @property
    def stream(self) -> Span | None:
        """From its start to its end, or for ever; None before it starts."""
        if self.started_ms is None:
            return None
        return self.started_ms, FOREVER if self.ended_ms is None else self.ended_ms

    def numbers(self) -> dict[str, Any]:
        """The values of all numbers that tallies add."""
        return {
            name: value for tally in self._made.values() for name, value in tally.numbers().items()
        }


def _merged(maps: Sequence[Mapping[str, Take]]) -> dict[str, tuple[Take, ...]]:
    """Each kind with all methods that take it, in order."""
    merged: dict[str, tuple[Take, ...]] = {}
    for each in maps:
        for kind, take in each.items():
            merged[kind] = (*merged.get(kind, ()), take)
    return merged
