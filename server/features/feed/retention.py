"""Ends what the feed keeps about people and exposure."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, delete, exists, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS
from server.features.archive.tables import ROOMS as ARCHIVED
from server.features.feed.impressions import HOUR_MS
from server.features.feed.settings import FeedKeeping
from server.features.feed.tables import ACTS, EXPOSURE, HOURS, LESS, NEWCOMERS, SEEN
from server.records.database import Database
from server.rooms.retention import Removal


class Aging(NamedTuple):
    """A table with its column of time, whose unit is so many ms. A row is as old as this time and
    `lasts_ms` more; `also` says which of the old ones may go."""

    table: Table
    column: str
    unit_ms: int = 1
    lasts_ms: int = 0
    also: ColumnElement[bool] = true()

    def older(self, before: int) -> ColumnElement[bool]:
        """Return which rows are from before a time (ms), and may go."""
        return (self.table.c[self.column] < (before - self.lasts_ms) // self.unit_ms) & self.also


class OldRows:
    """Rows of some tables that are older than a time. Methods raise RecordsAway."""

    def __init__(self, records: Database, tables: Sequence[Aging]) -> None:
        self._records = records
        self._tables = tables

    async def count(self, before: int) -> int:
        """Return how many are from before a time (ms)."""
        total = 0
        async with self._records.reading() as connection:
            for each in self._tables:
                asked = select(func.count()).select_from(each.table).where(each.older(before))
                total += int(await connection.scalar(asked) or 0)
        return total

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        removed = 0
        async with self._records.writing() as connection:
            for each in self._tables:
                if removed >= most:
                    break
                keys = list(each.table.primary_key)
                some = select(*keys).where(each.older(before)).limit(most - removed)
                gone = [tuple(row) for row in await connection.execute(some)]
                if gone:
                    await connection.execute(delete(each.table).where(tuple_(*keys).in_(gone)))
                removed += len(gone)
        return removed


def old_newcomers(window_ms: int) -> Aging:
    """Newcomers whose first day (`window_ms`) is long over.

    A note is published once, so that nothing makes it new again. A host goes live again and again:
    they stay as long as a room of theirs is kept, else they would be new a second time.
    """
    is_note = NEWCOMERS.c.item.startswith("note:", autoescape=True)
    has_rooms = exists().where(ARCHIVED.c.host == NEWCOMERS.c.host)
    return Aging(NEWCOMERS, "began", lasts_ms=window_ms, also=is_note | ~has_rooms)


def removals_of(records: Database, keeping: FeedKeeping, window_ms: int) -> list[Removal]:
    """Return what ends, and when. `window_ms` is a newcomer's first day."""
    acts = OldRows(records, [Aging(ACTS, "at")])
    seen = OldRows(records, [Aging(SEEN, "at")])
    exposure = OldRows(
        records,
        [
            Aging(EXPOSURE, "day", DAY_MS),
            Aging(HOURS, "hour", HOUR_MS),
            old_newcomers(window_ms),
        ],
    )
    return [
        Removal(kind=kind, days=days, due=old.count, remove=old.remove)
        for kind, days, old in (
            ("feed_acts", keeping.keep_feed_acts_days, acts),
            ("feed_seen", keeping.keep_feed_seen_days, seen),
            ("exposure", keeping.keep_exposure_days, exposure),
        )
    ]


async def forget_person(connection: AsyncConnection, person: str) -> None:
    """Remove what a person did, saw and wanted less of, and the exposure they had as a host."""
    of_host = (LESS.c.kind == "host") & (LESS.c.ref == person)
    await connection.execute(delete(LESS).where((LESS.c.person == person) | of_host))
    await connection.execute(delete(ACTS).where(ACTS.c.person == person))
    seen = (SEEN.c.person == person) | (SEEN.c.item == f"host:{person}")
    await connection.execute(delete(SEEN).where(seen))
    for table in (EXPOSURE, NEWCOMERS):
        await connection.execute(delete(table).where(table.c.host == person))
