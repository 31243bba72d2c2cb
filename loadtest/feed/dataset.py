"""Dataset: what people did, in the order of time, and what could be chosen when."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from server.features.feed.covisits import DAY_MS, Interaction

CHOICES = ("watch", "open")
"""Kinds of interactions that are choices among candidates; others follow from one."""
NEW_HOST_MS = 7 * DAY_MS
NEW_NOTE_MS = DAY_MS
Place = Literal["rooms", "notes"]


class Item(NamedTuple):
    """A host or note: whose it is, its tags, and when it first was there (Unix ms)."""

    host: str
    tags: Sequence[str] = ()
    born: int = 0


class Dataset(Protocol):
    """The data that an evaluation reads. Times are Unix ms."""

    @property
    def acts(self) -> Iterable[Interaction]:
        """All that people did."""

    @property
    def items(self) -> Mapping[str, Item]:
        """All that they did it with."""

    def candidates(self, place: Place, at: int) -> Sequence[str]:
        """The items of which one could be chosen at a time: hosts who were live, or notes."""


def place_of(act: Interaction) -> Place:
    """Return where a choice is made."""
    return "rooms" if act.kind == "watch" else "notes"


def is_newcomer(name: str, item: Item, at: int) -> bool:
    """Whether an item is new at a time: a host in the first week, a note in its first day."""
    return at - item.born < (NEW_HOST_MS if name.startswith("host:") else NEW_NOTE_MS)
