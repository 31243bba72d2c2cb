"""What the feed keeps about people and exposure, and how it ends."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS
from server.features.feed.impressions import HOUR_MS
from server.features.feed.settings import FeedKeeping
from server.features.feed.tables import ACTS, EXPOSURE, HOURS, LESS, NEWCOMERS, SEEN
from server.records.database import Database
from server.rooms.retention import Removal


class OldRows:
    """Rows of some tables that are older than a time. Methods raise RecordsAway.

    `tables` come with their column of time and how many ms its unit is.
    """

    def __init__(self, records: Database, tables: Sequence[tuple[Table, str, int]]) -> None:
        self._records = records
        self._tables = tables

    async def count(self, before: int) -> int:
        """How many are from before a time (ms)."""
        total = 0
        async with self._records.reading() as connection:
            for table, column, unit_ms in self._tables:
                which = _older(table, column, unit_ms, before)
                asked = select(func.count()).select_from(table).where(which)
                total += int(await connection.scalar(asked) or 0)
        return total

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        removed = 0
        async with self._records.writing() as connection:
            for table, column, unit_ms in self._tables:
                if removed >= most:
                    break
                keys = list(table.primary_key)
                some = (
                    select(*keys)
                    .where(_older(table, column, unit_ms, before))
                    .limit(most - removed)
                )
                gone = [tuple(row) for row in await connection.execute(some)]
                if gone:
                    await connection.execute(delete(table).where(tuple_(*keys).in_(gone)))
                removed += len(gone)
        return removed


def _older(table: Table, column: str, unit_ms: int, before: int) -> ColumnElement[bool]:
    return table.c[column] < before // unit_ms


def removals_of(records: Database, keeping: FeedKeeping) -> list[Removal]:
    """What ends, and when."""
    acts = OldRows(records, [(ACTS, "at", 1)])
    seen = OldRows(records, [(SEEN, "at", 1)])
    exposure = OldRows(
        records,
        [(EXPOSURE, "day", DAY_MS), (HOURS, "hour", HOUR_MS)],
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
