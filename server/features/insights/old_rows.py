"""Removes what is no longer looked at: arrivals, presence, asks and questions of long ago."""

from collections.abc import Sequence

from sqlalchemy import Column, Table, delete, func, select, tuple_

from server.features.insights.tables import ARRIVALS, ASKERS, PRESENCE, QUESTIONS
from server.features.insights.weeks import HOUR_MS
from server.records.database import Database


class OldRows:
    """Rows of a time before. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def count(self, before: int) -> int:
        """Return how many rows are of before a time (ms)."""
        found = 0
        async with self._records.reading() as connection:
            for table, column, until in _old(before):
                counted = select(func.count()).select_from(table).where(column < until)
                found += int(await connection.scalar(counted) or 0)
        return found

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        removed = 0
        for table, column, until in _old(before):
            key = list(table.primary_key)
            async with self._records.writing() as connection:
                some = select(*key).where(column < until).limit(most - removed)
                rows = [tuple(row) for row in await connection.execute(some)]
                gone = delete(table).where(tuple_(*key).in_(rows))
                removed += int((await connection.execute(gone)).rowcount) if rows else 0
            if removed >= most:
                break
        return removed


def _old(before: int) -> Sequence[tuple[Table, "Column[int]", int]]:
    """The tables, each with its time and until when its rows are old."""
    return (
        (ARRIVALS, ARRIVALS.c.at, before),
        (PRESENCE, PRESENCE.c.hour, before // HOUR_MS),
        (ASKERS, ASKERS.c.at, before),
        (QUESTIONS, QUESTIONS.c.at, before),
    )
