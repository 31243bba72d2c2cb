"""The entries of a replay: what everybody saw, one after the other. Pure: facts in, entries out."""

from bisect import bisect_right, insort
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import Struct, convert, structs

from server.features import all_facts
from server.rooms.fact_book import FactBook
from server.rooms.retelling import Retell

MINUTE_MS = 60_000
ENTRIES_MAX = 10_000
"""Entries kept of one room; what comes after them is left out of its replay."""

Key = tuple[int, int, int]
"""Where an entry stands: Unix ms, and the two numbers of its place in the timeline."""


class ReplayEntry(Struct, frozen=True, omit_defaults=True):
    """One thing that everybody saw, `minute` minutes after the start (absent before it).

    By its kind `t` it has the fields that this fact of docs/timeline.md shows in a replay.
    """

    id: str
    at: int
    t: str
    minute: int | None = None

    @property
    def key(self) -> Key:
        """Its place among the entries."""
        return key_of(self.id)


Entry = Any
"""A ReplayEntry with the shown fields of all facts; mypy can't know them."""


@lru_cache(maxsize=8)
def entry_type(book: FactBook) -> type[ReplayEntry]:
    """The entry with the shown fields of all facts of a book. Made once."""
    kinds = tuple(kind for kind, fact in book.kinds.items() if fact.shown)
    kind: Any = Literal.__getitem__(kinds)
    fields = [_may_be_absent(name, field.type) for name, field in book.shown.items()]
    made: type[ReplayEntry] = _struct(ReplayEntry, [("t", kind), *fields])
    return made


@lru_cache(maxsize=8)
def with_entries(base: type[Struct], book: FactBook) -> type[Struct]:
    """The struct with a list of the book's entries under `entries`, for the description of REST.

    Made once: the description of types that were described before is kept.
    """
    entry: Any = entry_type(book)
    made: type[Struct] = _struct(base, [("entries", list[entry], [])])
    return made


def _struct(base: type[Struct], fields: list[Any]) -> Any:
    """A struct with these fields besides those of `base`."""
    return msgspec.defstruct(
        base.__name__,
        fields,
        bases=(base,),
        frozen=True,
        omit_defaults=True,
        kw_only=True,
        namespace={"__doc__": base.__doc__},
    )


def _may_be_absent(name: str, kind: Any) -> tuple[str, Any, Any]:
    """The field with a default: an empty text and a 0 are left out of an entry, too."""
    return (name, kind, kind()) if kind in (str, int) else (name, kind | None, None)


class Reel:
    """The entries of one room in their order, as far as its timeline was read.

    `book` has the facts that are told: by default those of all features that there are.
    """

    def __init__(self, book: FactBook | None = None) -> None:
        book = all_facts() if book is None else book
        self._facts = book.kinds
        self._type = entry_type(book)
        self._entries: list[tuple[Key, ReplayEntry]] = []
        self._takes: dict[str, Retell] = {
            kind: self.add_entry for kind, fact in book.kinds.items() if fact.shown
        }
        for retelling in book.retellings:
            for fact, retell in retelling(self).facts().items():
                self._takes[fact.kind()] = retell

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of facts that it wants to be given."""
        return frozenset(self._takes)

    def add_fact(self, place: str, fact: dict[str, Any]) -> None:
        """Add a fact, if it is shown; or take back what it takes back."""
        take = self._takes.get(fact["k"])
        if take is not None:
            take(place, fact)

    def entries(self) -> list[Entry]:
        """All of them."""
        return [entry for _, entry in self._entries]

    def page(self, after: Key, count: int) -> tuple[list[Entry], bool]:
        """At most `count` entries after a place, and whether there are more."""
        first = bisect_right(self._entries, after, key=lambda entry: entry[0])
        found = self._entries[first : first + count]
        return [entry for _, entry in found], first + count < len(self._entries)

    def add_entry(self, place: str, fact: dict[str, Any]) -> None:
        """Tell a fact with its shown fields, in the order of its `shown_at`."""
        if len(self._entries) >= ENTRIES_MAX:
            return
        kind = self._facts[fact["k"]]
        at = kind.shown_at(fact)
        fields = {name: fact[name] for name in kind.shown if name in fact}
        entry = convert(fields | {"id": f"{at}-{place}", "at": at, "t": fact["k"]}, self._type)
        insort(self._entries, (entry.key, entry), key=lambda each: each[0])

    def drop_entries(self, is_meant: Callable[[Any], bool]) -> None:
        """Take back the entries that are meant."""
        self._entries = [each for each in self._entries if not is_meant(each[1])]


def key_of(entry_id: str) -> Key:
    """The place of an entry by its id. ValueError if it is none."""
    at, ms, n = map(int, entry_id.split("-"))
    return at, ms, n


def in_minutes(entry: Entry, started: int) -> Entry:
    """The entry with its minute."""
    if not started or entry.at < started:
        return entry
    return structs.replace(entry, minute=(entry.at - started) // MINUTE_MS)
