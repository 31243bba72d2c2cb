"""Puts pseudonyms in the place of people in the archive, and in what is folded from it."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Row, Table, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.entries import CHUNK
from server.features.archive.folding import Folding
from server.features.archive.places import digest_of
from server.features.archive.tables import ENTRIES, POSITIONS, ROOMS
from server.records.database import Database
from server.records.projection import Projection, RoomHead
from server.rooms.forgetting import Rewrites
from server.rooms.pseudonyms import Pseudonyms


class _RewritesBodies(Protocol):
    def body(self, body: bytes) -> bytes: ...


class ArchivedPeople:
    """Finds and rewrites people in all lives of rooms."""

    def __init__(self, projections: Sequence[Projection], folding: Folding) -> None:
        self._projections = projections
        self._folding = folding

    async def hosts(self, connection: AsyncConnection) -> set[str]:
        """Return the hosts of all rooms."""
        return set((await connection.scalars(select(ROOMS.c.host).distinct())).all())

    async def rooms(self, connection: AsyncConnection) -> list[str]:
        """Return all rooms of which the archive has something."""
        asked = select(ROOMS.c.room).distinct().order_by(ROOMS.c.room)
        return list((await connection.scalars(asked)).all())

    async def names(self, connection: AsyncConnection, room: str, people: Pseudonyms) -> bool:
        """Whether an entry of a room names one of these people, or the room is of one."""
        for head in await _heads(connection, room):
            if head.host in people.gone:
                return True
            async for rows in _chunks(connection, head.life):
                if any(people.body(bytes(row.body)) != bytes(row.body) for row in rows):
                    return True
        return False

    async def forget(self, connection: AsyncConnection, room: str, people: Pseudonyms) -> None:
        """Rewrite the entries of a room, and fold it again. Doing it twice changes nothing more."""
        for old in await _heads(connection, room, to_write=True):
            head = await _rehost(connection, old, people)
            if await _rewrite(connection, head.life, people) or head != old:
                for projection in self._projections:
                    await self._folding.anew(connection, projection, head)

    async def rewrite(self, records: Database, room: str, rewrites: Rewrites) -> None:
        """Rewrite a room some entries a transaction, then fold it again, a projection each."""
        async with records.reading() as connection:
            heads = await _heads(connection, room)
        for head in heads:
            at: _At | None = _BEGIN
            while at is not None:
                async with records.writing() as connection:
                    rows = await _next_rows(connection, head.life, at)
                    await _rewrite_rows(connection, rows, rewrites)
                at = _At(rows[-1].stream, rows[-1].ms, rows[-1].n) if rows else None
            for projection in self._projections:
                # Also if no entry changed: whoever was stopped here had changed them.
                if rewrites.streams is None or set(rewrites.streams) & set(projection.streams):
                    async with records.writing() as connection:
                        await _heads(connection, room, to_write=True)
                        await self._folding.anew(connection, projection, head)


async def _rehost(connection: AsyncConnection, head: RoomHead, people: Pseudonyms) -> RoomHead:
    """Put the pseudonym in the place of a room's host; return the head with it."""
    pseudonym = people.gone.get(head.host)
    if pseudonym is None:
        return head
    values = {"host": pseudonym, "host_name": pseudonym}
    await connection.execute(update(ROOMS).where(ROOMS.c.life == head.life).values(values))
    return head._replace(host=pseudonym, host_name=pseudonym)


async def _heads(
    connection: AsyncConnection, room: str, *, to_write: bool = False
) -> list[RoomHead]:
    asked = select(ROOMS).where(ROOMS.c.room == room).order_by(ROOMS.c.life)
    if to_write and connection.dialect.name == "postgresql":
        asked = asked.with_for_update()  # as whoever copies does
    return [RoomHead(*row) for row in await connection.execute(asked)]


class _At(NamedTuple):
    """The place of an entry in a room: its stream, and its id there as (`ms`, `n`)."""

    stream: str
    ms: int
    n: int


_BEGIN = _At("", -1, -1)


async def _next_rows(connection: AsyncConnection, life: int, at: _At) -> Sequence[Row[Any]]:
    """The next entries of a room, `CHUNK` at most."""
    e = ENTRIES.c
    later = (e.stream > at.stream) | (
        (e.stream == at.stream) & ((e.ms > at.ms) | ((e.ms == at.ms) & (e.n > at.n)))
    )
    asked = select(ENTRIES).where(e.life == life, later).order_by(e.stream, e.ms, e.n)
    return (await connection.execute(asked.limit(CHUNK))).all()


async def _chunks(connection: AsyncConnection, life: int) -> AsyncIterator[Sequence[Row[Any]]]:
    """Yield all entries of a room, some at a time."""
    at = _BEGIN
    while rows := await _next_rows(connection, life, at):
        yield rows
        at = _At(rows[-1].stream, rows[-1].ms, rows[-1].n)


async def _rewrite(connection: AsyncConnection, life: int, people: Pseudonyms) -> int:
    """Rewrite the entries of a room; return how many changed."""
    changed = 0
    async for rows in _chunks(connection, life):
        changed += await _rewrite_rows(connection, rows, people)
    return changed


async def _rewrite_rows(
    connection: AsyncConnection, rows: Iterable[Row[Any]], rewrites: _RewritesBodies
) -> int:
    """Rewrite some entries; return how many changed."""
    new = list(_changes(rows, rewrites))
    if new:
        await connection.execute(
            update(ENTRIES).where(*_is_at(ENTRIES)).values(body=bindparam("new_body")),
            [{key: each[key] for key in (*_PLACE, "new_body")} for each in new],
        )
        # A room that comes back has the same bytes: its last entry is recognised by them.
        await connection.execute(
            update(POSITIONS)
            .where(*_is_at(POSITIONS), POSITIONS.c.digest != b"")
            .values(digest=bindparam("new_digest")),
            [{key: each[key] for key in (*_PLACE, "new_digest")} for each in new],
        )
    return len(new)


_PLACE = ("at_life", "at_stream", "at_ms", "at_n")


def _is_at(table: Table) -> list[ColumnElement[bool]]:
    return [table.c[name[3:]] == bindparam(name) for name in _PLACE]


def _changes(rows: Iterable[Row[Any]], rewrites: _RewritesBodies) -> Iterator[dict[str, Any]]:
    for row in rows:
        body = bytes(row.body)
        new = rewrites.body(body)
        if new != body:
            yield {
                "at_life": row.life, "at_stream": row.stream, "at_ms": row.ms, "at_n": row.n,
                "new_body": new, "new_digest": digest_of(new),
            }  # fmt: skip
