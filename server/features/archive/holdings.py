"""Counts and finds what the archive holds."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.tables import POSITIONS, ROOMS
from server.records.database import Database
from server.records.retention import TAKEN
from server.records.retired import RETIRED
from server.rooms.retention import Expired, ExpiredRooms


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


async def find_expired(
    connection: AsyncConnection, kind: str, before: int, after: int, count: int
) -> list[Expired]:
    """Return the next rooms that ended before a time (ms) and still have a kind of record."""
    asked = select(ROOMS.c.life, ROOMS.c.room, ROOMS.c.host).where(_expired(kind, before))
    rows = await connection.execute(
        asked.where(ROOMS.c.life > after).order_by(ROOMS.c.life).limit(count)
    )
    return [Expired(life=row.life, room=row.room, host=row.host) for row in rows]


async def count_expired(connection: AsyncConnection, kind: str, before: int) -> int:
    """Count them all."""
    asked = select(func.count()).select_from(ROOMS).where(_expired(kind, before))
    return int(await connection.scalar(asked) or 0)


def _expired(kind: str, before: int) -> ColumnElement[bool]:
    newest = select(func.max(ROOMS.c.life)).group_by(ROOMS.c.room)
    of_room = (TAKEN.c.room == ROOMS.c.room) & (TAKEN.c.kind == kind)
    return (
        (ROOMS.c.phase == "ended")
        & (ROOMS.c.ended > 0)
        & (ROOMS.c.ended <= before)
        & ROOMS.c.life.in_(newest)
        & ~exists().where(of_room, TAKEN.c.at >= ROOMS.c.ended)
    )


EXPIRED = ExpiredRooms(find=find_expired, count=count_expired)


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
