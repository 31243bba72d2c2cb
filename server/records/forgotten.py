"""The tables of people who are being forgotten: their pseudonyms, and the rooms that wait."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Index, Table, Text, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.records.database import Database
from server.records.retired import RETIRED, drop_older
from server.records.schema import RECORDS
from server.records.upsert import insert_into

FORGOTTEN = Table(
    "forgotten",
    RECORDS,
    Column("user", Text, primary_key=True),
    Column("pseudonym", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""What takes a user's place, and since when (ms). A row ends with the last room that waits: from
then on nobody can say who the pseudonym was."""

WAITING = Table(
    "forgotten_rooms",
    RECORDS,
    Column("room", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("snapshot", Text, nullable=False),
    Index(None, "user"),
)
"""The rooms that still name a user. `snapshot` names the one that does not any more, once it is
stored; until the room has left Redis with it, nothing else of it is touched."""

LATELY = Table(
    "forgotten_lately",
    RECORDS,
    Column("user", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""Who was forgotten since (ms), as long as a backup may bring them back: the id alone, without the
pseudonym. So nobody can say of whom the rooms speak, and a restore knows whom to forget again."""


async def pseudonym_of(connection: AsyncConnection, user: str, fresh: str, at: int) -> str:
    """Return the pseudonym of a user who is being forgotten; `fresh` if they have none yet."""
    made = insert_into(connection, FORGOTTEN).values(user=user, pseudonym=fresh, at=at)
    await connection.execute(made.on_conflict_do_nothing())
    asked = select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.user == user)
    return str(await connection.scalar(asked))


async def kept_pseudonym(connection: AsyncConnection, user: str) -> str:
    """Return the pseudonym of a user who is being forgotten. Raises LookupError without one."""
    asked = select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.user == user)
    found = await connection.scalar(asked)
    if found is None:
        raise LookupError(f"`{user}` is not being forgotten.")
    return str(found)


async def note_forgotten(connection: AsyncConnection, user: str, at: int) -> None:
    """Note that a user was forgotten, for whoever restores a backup from before."""
    noted = insert_into(connection, LATELY).values(user=user, at=at)
    await connection.execute(noted.on_conflict_do_update(index_elements=["user"], set_={"at": at}))


async def forgotten_since(connection: AsyncConnection, since: int) -> dict[str, int]:
    """Return who was forgotten since a time, and when (ms)."""
    asked = select(LATELY.c.user, LATELY.c.at).where(LATELY.c.at >= since)
    return {row.user: row.at for row in await connection.execute(asked.order_by(LATELY.c.at))}


class OldNotes:
    """Notes of people who were forgotten so long ago that no backup has them.

    Methods raise RecordsAway.
    """

    def __init__(self, records: Database) -> None:
        self._records = records

    async def count(self, before: int) -> int:
        """Return how many are from before a time (ms)."""
        asked = select(func.count()).select_from(LATELY).where(LATELY.c.at < before)
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        some = select(LATELY.c.user).where(LATELY.c.at < before).limit(most)
        async with self._records.writing() as connection:
            users = (await connection.scalars(some)).all()
            gone = delete(LATELY).where(LATELY.c.user.in_(users), LATELY.c.at < before)
            return int((await connection.execute(gone)).rowcount)


async def put_on_list(connection: AsyncConnection, room: str, user: str) -> None:
    """Note that a room names a user and waits. One that waits already goes on waiting."""
    made = insert_into(connection, WAITING).values(room=room, user=user, snapshot="")
    await connection.execute(made.on_conflict_do_nothing())


async def gone_in(connection: AsyncConnection, room: str) -> dict[str, str]:
    """Return whom a room still names, each with the pseudonym."""
    rows = await connection.execute(
        select(FORGOTTEN.c.user, FORGOTTEN.c.pseudonym)
        .join(WAITING, WAITING.c.user == FORGOTTEN.c.user)
        .where(WAITING.c.room == room)
        .order_by(FORGOTTEN.c.user)
    )
    return {row.user: row.pseudonym for row in rows}


async def note_rewritten(connection: AsyncConnection, room: str, snapshot: str) -> None:
    """Note which snapshot of a room names none of those any more who wait in it."""
    await connection.execute(
        update(WAITING).where(WAITING.c.room == room).values(snapshot=snapshot)
    )


async def half_done(connection: AsyncConnection) -> list[tuple[str, str]]:
    """Return the rooms, each with its snapshot, that left Redis rewritten, and whose records still
    name somebody: what a process that died in between has left."""
    rows = await connection.execute(
        select(WAITING.c.room, WAITING.c.snapshot)
        .distinct()
        .join(RETIRED, RETIRED.c.room == WAITING.c.room)
        .where(RETIRED.c.away, RETIRED.c.snapshot == WAITING.c.snapshot)
    )
    return [(row.room, row.snapshot) for row in rows]


async def rooms_waiting(connection: AsyncConnection, user: str) -> list[str]:
    """Return the rooms that still name a user."""
    asked = select(WAITING.c.room).where(WAITING.c.user == user).order_by(WAITING.c.room)
    return list((await connection.scalars(asked)).all())


async def strike_off(
    connection: AsyncConnection, room: str, gone: Mapping[str, str], snapshot: str
) -> None:
    """End the waiting of a room: drop its older snapshots, and the pseudonyms that nobody needs."""
    await drop_older(connection, room, snapshot)
    of_room = (WAITING.c.room == room) & WAITING.c.user.in_(gone)
    await connection.execute(delete(WAITING).where(of_room))
    for user in gone:
        await drop_if_done(connection, user)


async def drop_if_done(connection: AsyncConnection, user: str) -> None:
    """Remove a user's pseudonym if no room waits any more."""
    waits = exists().where(WAITING.c.user == user)
    await connection.execute(delete(FORGOTTEN).where(FORGOTTEN.c.user == user, ~waits))
