"""Intake: reads from the records what the feed remembers, at the start and then as it comes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

from cachetools import LRUCache
from sqlalchemy import Column, Table, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.features.feed.covisits import KIND_WEIGHTS, Interaction
from server.features.feed.memory import Memory, host_key, note_key
from server.features.feed.newcomers import Newcomer
from server.features.feed.people import UNDONE, People
from server.features.feed.projection import enter_newcomers
from server.features.feed.settings import FeedSettings
from server.features.feed.tables import ACTS, EXPOSURE, NEWCOMERS, ROOMS, SEEN, SERIALS
from server.features.notes.tables import NOTE_ACTS, NOTES
from server.records.database import Database
from server.records.forgotten import LATELY, forgotten_since

BATCH = 500
"""Rows that are read at a time; between two batches the loop does other work."""
AT_ONCE = 50
"""Acts that are counted without a pause."""
OVERLAP_MS = 10_000
OVERLAP_SERIALS = 200
"""How far back each look begins: who writes later may have taken an earlier time or number."""
ENTERED_MAX = 20_000
"""New notes that a worker remembers to have entered, so that it need not ask again."""
_NOTE_COLUMNS = (
    NOTES.c.note, NOTES.c.author, NOTES.c.status, NOTES.c.tags, NOTES.c.goods, NOTES.c.published,
    NOTES.c.changed,
)  # fmt: skip


class Intake:
    """Fills the memory and keeps it up to date. An async context manager.

    The first look reads all, the newest last, in batches; each later one what is new since.
    """

    def __init__(
        self,
        records: Database,
        memory: Memory,
        people: People,
        settings: FeedSettings,
        write: Callable[[], Awaitable[None]],
        refresh: Callable[[int], None],
        forget: Callable[[str], None],
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        """`write` writes what waits, such as impressions, before each look; `refresh` is told the
        time (Unix ms) after it; `forget` is told who was forgotten."""
        self._records = records
        self._memory = memory
        self._people = people
        self._settings = settings
        self._write = write
        self._refresh = refresh
        self._forget = forget
        self._clock = clock
        self._serials: dict[Table, int] = {}
        """The last serial that was read of a table."""
        self._news: dict[Table, int] = {}
        """The last serial, or change, that each table had at the last look."""
        self._note_at = (0, "")
        self._heard: deque[int] = deque(maxlen=4 * OVERLAP_SERIALS)
        """The last serials of acts on notes."""
        self._entered: LRUCache[str, bool] = LRUCache(ENTERED_MAX)
        """Notes that were promised impressions, by this worker or another."""
        self._forgotten: dict[str, int] = {}
        """Who was forgotten last, and when (ms)."""
        self.is_whole = False
        """Whether the first look is over."""
        self._repeating = Repeating("feed", self.look, settings.refresh_s, first_s=0.0)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._repeating.stop()

    async def look(self) -> None:
        """Read what is new. Raises RecordsAway."""
        await self._write()
        news = await self._read_news()
        if news[ROOMS] != self._news.get(ROOMS):
            async for rows in self._after(ROOMS):
                for row in rows:
                    self._memory.put_room(row)
        if news[NOTES] != self._news.get(NOTES):
            await self._read_notes()
        if news[NEWCOMERS] != self._news.get(NEWCOMERS):
            async for rows in self._after(NEWCOMERS):
                for row in rows:
                    self._put_newcomer(row)
        if self.is_whole and news[LATELY] != self._news.get(LATELY):
            await self._forget_people(self._news.get(LATELY, 0))
        over = self._end_newcomers()
        await self._read_acts(news)
        is_new = over or news != self._news
        self._news = news
        self.is_whole = True
        if is_new:
            self._refresh(self._clock())

    async def _read_news(self) -> dict[Table, int]:
        """Up to where each table goes: one short reading, after which most looks are over."""
        async with self._records.reading() as connection:
            given = dict((await connection.execute(select(SERIALS.c.name, SERIALS.c.last))).all())
            return {
                ROOMS: given.get("rooms", 0),
                NEWCOMERS: given.get("newcomers", 0),
                ACTS: given.get("acts", 0),
                NOTES: await _greatest(connection, NOTES.c.changed),
                NOTE_ACTS: await _greatest(connection, NOTE_ACTS.c.serial),
                LATELY: await _greatest(connection, LATELY.c.at),
            }

    async def _forget_people(self, since: int) -> None:
        """Forget whom the records have forgotten since a time, or a little before it; and what was
        waiting then to be written of them."""
        async with self._records.reading() as connection:
            found = await forgotten_since(connection, since - OVERLAP_MS)
        new = [person for person, at in found.items() if self._forgotten.get(person) != at]
        for person in new:
            self._memory.forget_person(person)
            self._people.forget(person)
            self._forget(person)
        if new:
            async with self._records.writing() as connection:
                await connection.execute(delete(SEEN).where(SEEN.c.person.in_(new)))
                await connection.execute(delete(EXPOSURE).where(EXPOSURE.c.host.in_(new)))
        self._forgotten = found

    async def _after(self, table: Table) -> AsyncIterator[Sequence[Any]]:
        """Yield the rows of a table after the last serial, batch by batch."""
        while True:
            asked = select(table).where(table.c.serial > self._serials.get(table, 0))
            if table is NEWCOMERS:
                asked = asked.where(table.c.began > self._clock() - self._window_ms)
            async with self._records.reading() as connection:
                rows = (await connection.execute(asked.order_by(table.c.serial).limit(BATCH))).all()
            if rows:
                self._serials[table] = rows[-1].serial
                yield rows
            if len(rows) < BATCH:
                return
            await asyncio.sleep(0)

    @property
    def _window_ms(self) -> int:
        return self._settings.newcomer_window_ms

    def _put_newcomer(self, row: Any) -> None:
        newcomer = Newcomer(row.item, row.host, row.began, row.promised, row.shown)
        if newcomer.shown < newcomer.promised:
            self._memory.newcomers[row.item] = newcomer
        else:
            self._memory.newcomers.pop(row.item, None)

    def _end_newcomers(self) -> bool:
        """Let go those whose first day is over; return whether there were any."""
        since = self._clock() - self._window_ms
        over = [item for item, each in self._memory.newcomers.items() if each.began <= since]
        for item in over:
            del self._memory.newcomers[item]
        return bool(over)

    async def _read_notes(self) -> None:
        """Read notes that changed: the newest `notes_max`, then what is new since."""
        first = self._note_at == (0, "")
        if first:
            self._note_at = await self._oldest_note(), ""
        at, note = self._note_at
        place = (max(0, at - OVERLAP_MS), "") if not first else (at, note)
        while True:
            which = tuple_(NOTES.c.changed, NOTES.c.note) > place
            asked = select(*_NOTE_COLUMNS).where(which).order_by(NOTES.c.changed, NOTES.c.note)
            async with self._records.reading() as connection:
                rows = (await connection.execute(asked.limit(BATCH))).all()
            for row in rows:
                self._memory.put_note(row)
            await self._enter_new_notes(rows)
            if rows:
                place = rows[-1].changed, rows[-1].note
                self._note_at = max(self._note_at, place)
            if len(rows) < BATCH:
                self._note_at = max(self._note_at, (1, ""))
                return
            await asyncio.sleep(0)

    async def _oldest_note(self) -> int:
        """From which change on the newest notes are read."""
        most = self._settings.notes_max
        asked = select(NOTES.c.changed).where(NOTES.c.status == "public")
        asked = asked.order_by(NOTES.c.changed.desc()).offset(most).limit(1)
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)

    async def _enter_new_notes(self, rows: Sequence[Any]) -> None:
        """Promise impressions to notes that were published within a first day."""
        promised = self._settings.newcomer_impressions
        since = self._clock() - self._window_ms
        new = [
            (note_key(row.note), row.author, row.published)
            for row in rows
            if row.status == "public"
            and row.published > since
            and note_key(row.note) not in self._entered
            and promised
        ]
        if new:
            async with self._records.writing() as connection:
                await enter_newcomers(connection, new, promised)
            self._entered.update(dict.fromkeys((item for item, _, _ in new), True))

    async def _read_acts(self, news: Mapping[Table, int]) -> None:
        # A first look that was cut short goes on where it was: what is heard twice counts twice.
        for table in (ACTS, NOTE_ACTS):
            self._serials.setdefault(table, max(0, news[table] - self._settings.acts_max))
        if news[ACTS] != self._news.get(ACTS):
            async for rows in self._after(ACTS):
                for n, row in enumerate(rows, 1):
                    done = Interaction(row.person, host_key(row.host), row.kind, row.at)
                    self._hear(done, row.ref)
                    if n % AT_ONCE == 0:
                        await asyncio.sleep(0)
        if news[NOTE_ACTS] != self._news.get(NOTE_ACTS):
            await self._read_acts_on_notes()

    async def _read_acts_on_notes(self) -> None:
        """Read these from a little before the last one: who wrote at the same time may have taken
        an earlier number, and stored it later."""
        last = self._serials[NOTE_ACTS]
        if self.is_whole:
            self._serials[NOTE_ACTS] = max(0, last - OVERLAP_SERIALS)
        heard = set(self._heard)
        async for rows in self._after(NOTE_ACTS):
            for n, row in enumerate(rows, 1):
                if row.serial not in heard:
                    self._heard.append(row.serial)
                    self._hear(Interaction(row.person, note_key(row.note), row.kind, row.at))
                if n % AT_ONCE == 0:
                    await asyncio.sleep(0)
        self._serials[NOTE_ACTS] = max(last, self._serials[NOTE_ACTS])

    def _hear(self, interaction: Interaction, ref: str = "") -> None:
        if interaction.kind not in UNDONE:
            self._memory.hear(interaction, KIND_WEIGHTS.get(interaction.kind, 0.0))
        self._people.hear(interaction, ref)


async def _greatest(connection: AsyncConnection, column: Column[Any]) -> int:
    return int(await connection.scalar(select(func.max(column))) or 0)
