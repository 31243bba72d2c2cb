"""What the archive holds."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.tables import POSITIONS, ROOMS
from server.records.database import Database
from server.records.retired import RETIRED


async def ended_rooms(connection: AsyncConnection, before: int, count: int) -> list[str]:
    """Return rooms that ended before a time (ms) and are in Redis, those that ended first.

    An id that was made again counts by its newest room.
    """
    newest = select(func.max(ROOMS.c.life)).group_by(ROOMS.c.room)
    away = select(RETIRED.c.room).where(RETIRED.c.away)
    rows = await connection.execute(
        select(ROOMS.c.room)
        .where(ROOMS.c.phase == "ended", ROOMS.c.ended <= before, ROOMS.c.life.in_(newest))
        .where(ROOMS.c.room.not_in(away))
        .order_by(ROOMS.c.ended)
        .limit(count)
    )
    return [row.room for row in rows]


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
