"""Tells facts again to somebody who was not there, one entry after the other."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from server.rooms.facts import Fact

Retell = Callable[[str, dict[str, Any]], None]
"""Takes the place of a fact in the timeline, and the fact as it is stored."""


class Entries(Protocol):
    """The entries told so far; each has the fields that its fact says are `shown`."""

    def add_entry(self, place: str, fact: dict[str, Any]) -> None:
        """Tell a fact, in the order of its `shown_at`."""

    def drop_entries(self, is_meant: Callable[[Any], bool]) -> None:
        """Take back the entries that are meant."""


class Retelling:
    """The base of a feature's retelling, for facts that are not simply told one after the other.

    Each replay of a room makes one of each kind. A fact with `shown` fields that no retelling takes
    is told as it comes.
    """

    def __init__(self, entries: Entries) -> None:
        self.entries = entries

    def facts(self) -> Mapping[type[Fact], Retell]:
        """Map each fact that needs more than to be told to the method that takes it."""
        return {}
