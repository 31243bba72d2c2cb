"""Reads the entries that the archive holds of a room."""

from collections.abc import AsyncIterator

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.tables import ENTRIES
from server.records.projection import Entry

CHUNK = 1000
"""Entries that are read from the records at a time."""


async def archived_entries(
    connection: AsyncConnection, life: int, stream: str
) -> AsyncIterator[list[Entry]]:
    """Yield all archived entries of a room's stream, the oldest first, `CHUNK` at a time."""
    ms, n = -1, -1
    while True:
        rows = (
            await connection.execute(
                select(ENTRIES.c.ms, ENTRIES.c.n, ENTRIES.c.body)
                .where(ENTRIES.c.life == life, ENTRIES.c.stream == stream)
                .where((ENTRIES.c.ms > ms) | ((ENTRIES.c.ms == ms) & (ENTRIES.c.n > n)))
                .order_by(ENTRIES.c.ms, ENTRIES.c.n)
                .limit(CHUNK)
            )
        ).all()
        if not rows:
            return
        yield [Entry(row.ms, row.n, bytes(row.body)) for row in rows]
        ms, n = rows[-1].ms, rows[-1].n
