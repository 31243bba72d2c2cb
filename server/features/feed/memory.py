"""Memory: what a worker knows of rooms, notes and newcomers, so that a page of the feed needs no
reading before it is chosen."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import Any

from msgspec import Struct, json

from server.features.feed.covisits import DAY_MS, CoVisits, Interaction
from server.features.feed.newcomers import Newcomer
from server.features.feed.popularity import Popularity
from server.text.folding import tag_key

TAG_NOTES_MAX = 200
"""Newest notes that are found by a tag."""
AUTHOR_NOTES_MAX = 50
"""Newest notes that are found by their author."""
NEWEST_MAX = 500
"""Newest notes that are found as such."""
POPULAR_HALF_LIFE_MS = 24 * 3_600_000
DONE_MAX = 100_000
"""Acts that are remembered, at least, so that each counts once a person and day."""
_TIDY_EVERY = 1000


def host_key(host: str) -> str:
    """The item that a host is."""
    return intern(f"host:{host}")


def note_key(note: str) -> str:
    """The item that a note is."""
    return intern(f"note:{note}")


class Note(Struct, gc=False, frozen=True):
    """A published note, as far as the choice needs it. `tags` as `tag_key` has them; `goods`:
    (host, sku) that it links."""

    key: str
    author: str
    tags: tuple[str, ...]
    goods: tuple[tuple[str, str], ...]
    published: int

    @property
    def note(self) -> str:
        """Its id."""
        return self.key[5:]


class Host(Struct):
    """A host: the name in their newest room, and their rooms that are live by when they started."""

    host: str
    name: str
    life: int
    live: dict[str, int]

    @property
    def room(self) -> str:
        """The room that is live, the newest of several; '' if none is."""
        return max(self.live, key=self.live.__getitem__, default="")


class Memory:
    """What is known. Plain synchronous code: whoever reads it sees one state."""

    def __init__(self, notes_max: int, covisits: CoVisits) -> None:
        self._notes_max = notes_max
        self.covisits = covisits
        self.notes: dict[str, Note] = {}
        self.hosts: dict[str, Host] = {}
        self.live: dict[str, Host] = {}
        """Hosts that are live now, by their item."""
        self.newcomers: dict[str, Newcomer] = {}
        self.popularity = Popularity(POPULAR_HALF_LIFE_MS)
        self._done: set[int] = set()
        """What was done on a day by whom, in numbers; before it was full, `_done_before`."""
        self._done_before: set[int] = set()
        self._by_tag: dict[str, deque[str]] = {}
        self._by_author: dict[str, deque[str]] = {}
        self._newest: deque[str] = deque(maxlen=NEWEST_MAX)
        self._order: deque[str] = deque()
        """Notes in the order in which they came, so that the oldest can go."""

    # Rooms

    def put_room(self, row: Any) -> None:
        """Note a room as it is: a row of `feed_rooms`."""
        host = self.hosts.get(row.host)
        if host is None:
            host = self.hosts[row.host] = Host(intern(row.host), row.host_name, row.life, {})
        if row.life >= host.life:
            host.name, host.life = row.host_name, row.life
        if row.shown and row.phase == "live":
            host.live[row.room] = row.started
        else:
            host.live.pop(row.room, None)
        key = host_key(row.host)
        if host.live:
            self.live[key] = host
        else:
            self.live.pop(key, None)

    def end_room(self, host: str, room: str) -> None:
        """Note that a room is not live, before the records have heard."""
        known = self.hosts.get(host)
        if known is not None and known.live.pop(room, None) is not None and not known.live:
            self.live.pop(host_key(host), None)

    # Notes

    def put_note(self, row: Any) -> None:
        """Note a note as it is: a row of `notes`. One that is not public goes."""
        key = note_key(row.note)
        if row.status != "public":
            self.drop_note(key)
            return
        known = self.notes.get(key)
        note = Note(
            key,
            intern(row.author),
            tuple(dict.fromkeys(intern(tag_key(tag)) for tag in _listed(row.tags))),
            tuple(_goods_in(row.goods)),
            row.published,
        )
        self.notes[key] = note
        if known is None:
            self._order.append(key)
            self._newest.append(key)
            self._place(self._by_author, note.author, key, AUTHOR_NOTES_MAX)
            while len(self.notes) > self._notes_max and self._order:
                self.drop_note(self._order.popleft())
        before = set(known.tags if known is not None else ())
        for tag in set(note.tags) - before:
            self._place(self._by_tag, tag, key, TAG_NOTES_MAX)
        for tag in before - set(note.tags):
            self._let_go_of_tag(tag)

    def drop_note(self, key: str) -> None:
        """Forget a note. Lists that have it find it gone; those that have no other go, too."""
        note = self.notes.pop(key, None)
        if note is not None:
            self.covisits.forget_item(key)
            self.popularity.drop(key)
            self.newcomers.pop(key, None)
            for tag in note.tags:
                self._let_go_of_tag(tag)
            if next(self.notes_of_author(note.author, 1), None) is None:
                self._by_author.pop(note.author, None)
        if len(self._order) > len(self.notes) + _TIDY_EVERY:
            self._order = deque(each for each in self._order if each in self.notes)

    @staticmethod
    def _place(lists: dict[str, deque[str]], name: str, key: str, most: int) -> None:
        found = lists.get(name)
        if found is None:
            found = lists[name] = deque(maxlen=most)
        found.append(key)

    def _let_go_of_tag(self, tag: str) -> None:
        if next(self.notes_of_tag(tag, 1), None) is None:
            self._by_tag.pop(tag, None)

    def notes_of_tag(self, tag: str, most: int) -> Iterator[str]:
        """The newest notes of a tag."""
        return self._there(self._by_tag.get(tag, ()), most, tag)

    def notes_of_author(self, author: str, most: int) -> Iterator[str]:
        """The newest notes of an author."""
        return self._there(self._by_author.get(author, ()), most)

    def newest_notes(self, most: int) -> Iterator[str]:
        """The newest notes of all."""
        return self._there(self._newest, most)

    def _there(self, keys: Sequence[str] | deque[str], most: int, tag: str = "") -> Iterator[str]:
        there = (
            key
            for key in reversed(keys)
            if (note := self.notes.get(key)) is not None and (not tag or tag in note.tags)
        )
        return itertools.islice(there, most)

    # People

    def hear(self, interaction: Interaction, weight: float) -> None:
        """Count what a person did: with whom it goes together, and how popular it is."""
        self.covisits.count(interaction)
        is_known = interaction.item in self.notes or not interaction.item.startswith("note:")
        # What is not known nothing would ever drop; and who likes, unlikes and likes again, or
        # follows so, is one person.
        if weight > 0 and is_known and self._is_first(interaction):
            self.popularity.add(interaction.item, weight, interaction.at)

    def _is_first(self, done: Interaction) -> bool:
        """Whether a person did this for the first time on that day, as far as it is remembered."""
        key = hash((done.person, done.item, done.kind, done.at // DAY_MS))
        if key in self._done or key in self._done_before:
            return False
        self._done.add(key)
        if len(self._done) >= DONE_MAX:
            self._done_before, self._done = self._done, set()
        return True

    def forget_person(self, person: str) -> None:
        """Forget what somebody did lately, and what they were as a host and author."""
        self.covisits.forget_person(person)
        for key in [key for key, note in self.notes.items() if note.author == person]:
            self.drop_note(key)
        self._by_author.pop(person, None)
        self.hosts.pop(person, None)
        key = host_key(person)
        self.live.pop(key, None)
        self.newcomers.pop(key, None)
        self.covisits.forget_item(key)
        self.popularity.drop(key)

    def is_shown(self, item: str) -> bool:
        """Whether an item can be in a feed now."""
        return item in self.notes or item in self.live

    def host_of(self, item: str) -> str:
        """The host or author of an item; '' if it is not known."""
        note = self.notes.get(item)
        if note is not None:
            return note.author
        return item[5:] if item.startswith("host:") and item[5:] in self.hosts else ""

    def tags_of(self, item: str) -> Sequence[str]:
        """The tags of an item; none if it is not known."""
        note = self.notes.get(item)
        return () if note is None else note.tags


def _listed(text: Any) -> list[str]:
    """The texts in a list as JSON."""
    found = json.decode(text) if isinstance(text, str | bytes) else text
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _goods_in(text: Any) -> Iterable[tuple[str, str]]:
    found = json.decode(text) if isinstance(text, str | bytes) else text
    for each in found if isinstance(found, list) else ():
        if isinstance(each, Mapping):
            yield intern(str(each.get("host", ""))), intern(str(each.get("sku", "")))
