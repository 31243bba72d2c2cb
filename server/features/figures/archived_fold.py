"""Folds an archived room: the figures' own sums, over the entries that the records have."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from msgspec import msgpack
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.tables import ENTRIES, POSITIONS
from server.features.figures.reckoning.fold import Fold
from server.records.projection import UNREADABLE
from server.rooms.fact_book import FactBook

CHUNK = 20
"""Entries read at a time; one may have hundreds of lines, and blocks the loop."""

_LINES = msgpack.Decoder(list[dict[str, Any]])
_FACT = msgpack.Decoder(dict[str, Any])


class ArchivedRoom(NamedTuple):
    """A room in the records, and the last entries that they have of it."""

    life: int
    room: str
    host: str
    phase: str
    started: int
    as_of: str


async def as_of_each(connection: AsyncConnection, lives: list[int]) -> dict[int, str]:
    """life -> names of the last archived entries of the ledger and the timeline."""
    asked = (
        select(POSITIONS.c.life, POSITIONS.c.stream, POSITIONS.c.ms, POSITIONS.c.n)
        .where(POSITIONS.c.life.in_(lives), POSITIONS.c.stream.in_(("ledger", "timeline")))
        .order_by(POSITIONS.c.life, POSITIONS.c.stream)
    )
    found: dict[int, str] = {}
    for row in await connection.execute(asked):
        found[row.life] = f"{found.get(row.life, '')}{row.stream} {row.ms}-{row.n} "
    return found


async def fold_archived(connection: AsyncConnection, room: ArchivedRoom, book: FactBook) -> Fold:
    """Fold all entries that the records have of a room. An entry that can't be read is left out."""
    fold = Fold(room.room, room.host, book)
    async for ms, _, body in _entries(connection, room.life, "ledger"):
        try:
            lines = _LINES.decode(body)
        except UNREADABLE:
            continue
        for number, line in enumerate(lines, ms - len(lines) + 1):
            fold.take_ledger(number, line)
    async for ms, n, body in _entries(connection, room.life, "timeline"):
        try:
            fold.take_fact(f"{ms}-{n}", _FACT.decode(body))
        except UNREADABLE:
            continue
    return fold


async def _entries(
    connection: AsyncConnection, life: int, stream: str
) -> AsyncIterator[tuple[int, int, bytes]]:
    ms, n = -1, -1
    columns = ENTRIES.c.ms, ENTRIES.c.n
    while True:
        rows = (
            await connection.execute(
                select(*columns, ENTRIES.c.body)
                .where(ENTRIES.c.life == life, ENTRIES.c.stream == stream)
                .where((columns[0] > ms) | ((columns[0] == ms) & (columns[1] > n)))
                .order_by(*columns)
                .limit(CHUNK)
            )
        ).all()
        for row in rows:
            ms, n = row.ms, row.n
            yield ms, n, bytes(row.body)
        if len(rows) < CHUNK:
            return
