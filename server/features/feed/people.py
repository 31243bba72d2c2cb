"""People: what a worker knows of those who ask for their feed, read when they first ask and kept up
to date as events come."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from cachetools import TTLCache
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS, unix_ms
from server.features.feed.covisits import Interaction
from server.features.feed.memory import host_key, note_key
from server.features.feed.page_tokens import Given
from server.features.feed.settings import FeedSettings
from server.features.feed.tables import ACTS, LESS, SEEN
from server.features.notes.tables import NOTE_ACTS
from server.features.ties.ties import Ties
from server.records.database import Database
from server.text.folding import tag_key

SEEN_MAX = 2000
"""Items of which it is remembered that a person was shown them; the newest."""
UNDONE = ("unlike", "uncollect", "unfollow")
"""Acts that take an earlier one back; they say nothing of what a person likes."""


class Person(Struct):
    """A person's history, the newest last; the hosts they follow; what they want less of, by kind;
    how often and when (ms) they were shown what they did not open; (host, sku) that they bought."""

    user: str
    history: deque[Interaction]
    follows: set[str]
    less: dict[str, set[str]]
    seen: dict[str, tuple[int, int]]
    bought: set[tuple[str, str]]

    @classmethod
    def unknown(cls, user: str = "") -> "Person":
        """Somebody of whom nothing is known, such as a guest ('')."""
        return cls(user, deque(), set(), _less_of_nothing(), {}, set())

    def hear(self, interaction: Interaction, ref: str = "") -> None:
        """Note what the person did. `ref`: the sku that they bought."""
        item, kind = interaction.item, interaction.kind
        if kind in ("follow", "unfollow"):
            change = self.follows.add if kind == "follow" else self.follows.discard
            change(item.removeprefix("host:"))
        if kind == "buy":
            self.bought.add((item.removeprefix("host:"), ref))
        if kind not in UNDONE:
            self.history.append(interaction)
            self.seen.pop(item, None)

    def was_shown(self, item: str, at: int) -> None:
        """Note that the person was shown an item."""
        times, _ = self.seen.pop(item, (0, 0))
        self.seen[item] = times + 1, at
        if len(self.seen) > SEEN_MAX:
            del self.seen[next(iter(self.seen))]


class People:
    """Reads and remembers people: `people_max` of them, those who asked last."""

    def __init__(
        self,
        records: Database,
        ties: Ties,
        settings: FeedSettings,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._records = records
        self._ties = ties
        self._settings = settings
        self._clock = clock
        self._known: TTLCache[str, Person] = TTLCache(
            settings.people_max, settings.person_kept_s, time.monotonic
        )

    def __len__(self) -> int:
        return len(self._known)

    async def read(self, person: str) -> Person:
        """Return what is known of a person. What they want less of is read each time: they may have
        said it to another worker. Raises RecordsAway."""
        known = self._known.get(person)
        if known is not None:
            async with self._records.reading() as connection:
                known.less = await _less_of(connection, person)
            return known
        found = Person.unknown(person)
        found.history = deque(maxlen=self._settings.history_max)
        async with self._records.reading() as connection:
            await self._read_acts(connection, person, found)
            found.less = await _less_of(connection, person)
            await self._read_seen(connection, person, found)
        for tie in await self._ties.of_user(person):
            if tie.kind == "follow":
                found.follows.add(tie.ref)
        # Whoever was faster has heard what came meanwhile.
        return self._known.setdefault(person, found)

    def known(self, person: str) -> Person | None:
        """A person who asked lately."""
        return self._known.get(person)

    def hear(self, interaction: Interaction, ref: str = "") -> None:
        """Note what somebody did, if they asked lately."""
        known = self._known.get(interaction.person)
        if known is not None:
            known.hear(interaction, ref)

    def were_shown(self, person: str, given: Iterable[Given]) -> None:
        """Note what a person was shown."""
        known = self._known.get(person)
        if known is not None:
            for each in given:
                known.was_shown(each.item, self._clock())

    def forget(self, person: str) -> None:
        """Read a person anew the next time."""
        self._known.pop(person, None)

    async def _read_acts(self, connection: AsyncConnection, person: str, found: Person) -> None:
        most = self._settings.history_max
        acts = select(ACTS).where(ACTS.c.person == person).order_by(ACTS.c.at.desc()).limit(most)
        on_notes = select(NOTE_ACTS).where(NOTE_ACTS.c.person == person)
        on_notes = on_notes.order_by(NOTE_ACTS.c.serial.desc()).limit(most)
        heard: list[tuple[Interaction, str]] = [
            (Interaction(person, host_key(row.host), row.kind, row.at), row.ref)
            for row in await connection.execute(acts)
        ]
        heard += [
            (Interaction(person, note_key(row.note), row.kind, row.at), "")
            for row in await connection.execute(on_notes)
        ]
        for interaction, ref in sorted(heard, key=lambda each: each[0].at):
            found.hear(interaction, ref)
        found.follows.clear()  # the ties say it for all times

    async def _read_seen(self, connection: AsyncConnection, person: str, found: Person) -> None:
        since = self._clock() - int(self._settings.seen_rest_days * DAY_MS)
        seen = select(SEEN).where(SEEN.c.person == person, SEEN.c.at > since)
        rows: list[Any] = list(
            await connection.execute(seen.order_by(SEEN.c.at.desc()).limit(SEEN_MAX))
        )
        opened = {each.item for each in found.history}
        for row in reversed(rows):
            if row.item not in opened:
                found.seen[row.item] = row.times, row.at


def _less_of_nothing() -> dict[str, set[str]]:
    return {"host": set(), "tag": set(), "note": set()}


async def _less_of(connection: AsyncConnection, person: str) -> dict[str, set[str]]:
    """Return what a person wants less of, by kind."""
    found = _less_of_nothing()
    less = select(LESS.c.kind, LESS.c.ref).where(LESS.c.person == person)
    for kind, ref in await connection.execute(less):
        found[kind].add(tag_key(ref) if kind == "tag" else ref)
    return found
