"""The tables of rooms that left Redis: all their data, as parts of snapshots."""

import zlib
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from msgspec import msgpack
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from server.records.database import Database
from server.records.schema import RECORDS
from server.records.upsert import insert_into

RETIRED = Table(
    "retired_rooms",
    RECORDS,
    Column("room", Text, primary_key=True),
    Column("made", BigInteger, nullable=False),
    Column("snapshot", Text, nullable=False),
    Column("parts", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("away", Boolean, nullable=False),
)
"""The last snapshot of a room, whether it is still away, and since when (`at`, ms)."""

PARTS = Table(
    "retired_parts",
    RECORDS,
    Column("snapshot", Text, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("room", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "room"),
)
"""A part of one key: its items, packed and deflated. The parts of a key are in the order of `n`."""


class Part(NamedTuple):
    """Some of the items of a key. `kind` says what they are, see `rooms.packing`."""

    key: str
    kind: str
    items: list[bytes]


class Stored(NamedTuple):
    """A snapshot that was stored."""

    parts: int
    bytes: int


async def write_parts(
    records: Database, room: str, snapshot: str, parts: AsyncIterator[list[Part]]
) -> Stored:
    """Store the parts of a snapshot, each list in a transaction of its own. Raises RecordsAway.

    Until `enter` names the snapshot, nothing reads it.
    """
    n = size = 0
    async for several in parts:
        rows = []
        for part in several:
            body = zlib.compress(msgpack.encode(part.items), 1)
            rows.append({"snapshot": snapshot, "n": n, "room": room, "key": part.key,
                         "kind": part.kind, "body": body})  # fmt: skip
            n, size = n + 1, size + len(body)
        if rows:
            async with records.writing() as connection:
                await connection.execute(insert(PARTS), rows)
    return Stored(n, size)


async def enter(
    connection: AsyncConnection, room: str, made: int, snapshot: str, stored: Stored, at: int
) -> None:
    """Name a room's newest snapshot, and forget those before the one that it replaces.

    The room is still in Redis: `note_away` comes once it is not.
    """
    before = await connection.scalar(select(RETIRED.c.snapshot).where(RETIRED.c.room == room))
    kept = [snapshot, *([before] if before else [])]
    await connection.execute(
        delete(PARTS).where(PARTS.c.room == room, PARTS.c.snapshot.not_in(kept))
    )
    values = {"made": made, "snapshot": snapshot, "parts": stored.parts, "bytes": stored.bytes,
              "at": at, "away": False}  # fmt: skip
    await connection.execute(
        insert_into(connection, RETIRED)
        .values(room=room, **values)
        .on_conflict_do_update(index_elements=["room"], set_=values)
    )


async def note_away(connection: AsyncConnection, room: str, at: int) -> None:
    """Note that a room has left Redis."""
    await connection.execute(update(RETIRED).where(RETIRED.c.room == room).values(away=True, at=at))


async def note_back(connection: AsyncConnection, room: str, at: int) -> None:
    """Note that a room is about to be in Redis again.

    Its snapshot stays until the next one is stored: a Redis that loses its last second needs it.
    """
    await connection.execute(
        update(RETIRED).where(RETIRED.c.room == room).values(away=False, at=at)
    )


async def drop_older(connection: AsyncConnection, room: str, snapshot: str) -> None:
    """Drop all snapshots of a room but this one."""
    older = (PARTS.c.room == room) & (PARTS.c.snapshot != snapshot)
    await connection.execute(delete(PARTS).where(older))


async def away_rooms(records: Database) -> list[str]:
    """Return all rooms that left Redis and did not come back. Raises RecordsAway."""
    async with records.reading() as connection:
        return list(await connection.scalars(select(RETIRED.c.room).where(RETIRED.c.away)))


async def snapshot_of(connection: AsyncConnection, room: str) -> str:
    """Return the newest snapshot of a room that has parts, '' if there is none."""
    asked = (
        select(RETIRED.c.snapshot)
        .join(PARTS, PARTS.c.snapshot == RETIRED.c.snapshot)
        .where(RETIRED.c.room == room)
        .limit(1)
    )
    return str(await connection.scalar(asked) or "")


async def has_parts(connection: AsyncConnection, snapshot: str) -> bool:
    """Whether a snapshot is here."""
    asked = select(PARTS.c.n).where(PARTS.c.snapshot == snapshot).limit(1)
    return (await connection.execute(asked)).first() is not None


async def drop_room(connection: AsyncConnection, room: str) -> None:
    """Drop all snapshots of a room that there is no more."""
    await connection.execute(delete(PARTS).where(PARTS.c.room == room))
    await connection.execute(delete(RETIRED).where(RETIRED.c.room == room))


async def read_parts(records: Database, snapshot: str) -> AsyncIterator[Part]:
    """Yield the parts of a snapshot in order. Raises RecordsAway."""
    n = -1
    while True:
        async with records.reading() as connection:
            rows = (
                await connection.execute(
                    select(PARTS.c.n, PARTS.c.key, PARTS.c.kind, PARTS.c.body)
                    .where(PARTS.c.snapshot == snapshot, PARTS.c.n > n)
                    .order_by(PARTS.c.n)
                    .limit(8)
                )
            ).all()
        if not rows:
            return
        for row in rows:
            n = row.n
            items = msgpack.decode(zlib.decompress(bytes(row.body)), type=list[bytes])
            yield Part(row.key, row.kind, items)


async def due_rooms(
    connection: AsyncConnection, candidates: Sequence[str], before: int
) -> list[str]:
    """Return those of these rooms that are not away and did not come back after `before` (ms)."""
    rows = await connection.execute(
        select(RETIRED.c.room).where(
            RETIRED.c.room.in_(candidates), RETIRED.c.away | (RETIRED.c.at > before)
        )
    )
    stay = {row.room for row in rows}
    return [room for room in candidates if room not in stay]
