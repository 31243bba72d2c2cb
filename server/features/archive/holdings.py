"""How much the archive holds."""

from typing import NamedTuple

from sqlalchemy import func, select

from server.features.archive.tables import POSITIONS, ROOMS
from server.records.database import Database


class Holdings(NamedTuple):
    """Counts over all rooms."""

    rooms: int
    entries: int


async def holdings(records: Database) -> Holdings:
    """Count what is copied. Raises RecordsAway."""
    async with records.reading() as connection:
        rooms = await connection.scalar(select(func.count()).select_from(ROOMS))
        entries = await connection.scalar(select(func.sum(POSITIONS.c.entries)))
    return Holdings(int(rooms or 0), int(entries or 0))
