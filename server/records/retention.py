"""The table of what retention took out of rooms."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, Table, Text, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.records.schema import RECORDS
from server.records.upsert import insert_into

TAKEN = Table(
    "retention_taken",
    RECORDS,
    Column("room", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("secret", Text, nullable=False),
)
"""Which kind of record a room has no more, and since when (ms). While it is being taken, `at` is 0
and `secret` is what the pseudonyms of this attempt, and of those that go on with it, are made of.
A row stays when the room is deleted because its time was over."""


async def begin_taking(connection: AsyncConnection, room: str, kind: str, fresh: str) -> str:
    """Note that a kind of records is being taken out of a room; return the secret of the attempt,
    which is `fresh` unless an earlier one was stopped halfway."""
    values = {"at": 0, "secret": fresh}
    begun = insert_into(connection, TAKEN).values(room=room, kind=kind, **values)
    # What was taken out of an earlier room of this id is over.
    await connection.execute(
        begun.on_conflict_do_update(
            index_elements=["room", "kind"], set_=values, where=TAKEN.c.at > 0
        )
    )
    asked = select(TAKEN.c.secret).where(TAKEN.c.room == room, TAKEN.c.kind == kind)
    return str(await connection.scalar(asked))


async def note_taken(connection: AsyncConnection, room: str, kinds: Iterable[str], at: int) -> None:
    """Note that kinds of records are gone from a room; nobody needs the secret any more."""
    for kind in kinds:
        values = {"at": at, "secret": ""}
        taken = insert_into(connection, TAKEN).values(room=room, kind=kind, **values)
        await connection.execute(
            taken.on_conflict_do_update(index_elements=["room", "kind"], set_=values)
        )


async def taken_by_kind(connection: AsyncConnection) -> dict[str, int]:
    """Return out of how many rooms each kind of record was taken."""
    rows = await connection.execute(
        select(TAKEN.c.kind, func.count()).where(TAKEN.c.at > 0).group_by(TAKEN.c.kind)
    )
    return {row[0]: int(row[1]) for row in rows}


async def drop_taken(connection: AsyncConnection, room: str) -> None:
    """Forget what was taken out of a room that is deleted."""
    await connection.execute(delete(TAKEN).where(TAKEN.c.room == room))
