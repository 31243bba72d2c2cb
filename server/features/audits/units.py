"""Replays what became of merchants' units, and compares it with the records.

The books of a room say it again, by other code than that which moved the units: of what a sale was
given, `allocated` is what did not go home or come back for good, and `sold` is what buyers have.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.allotments.projection import UnitProjection
from server.features.allotments.tables import ALLOTMENTS, MOVES, PARTS, TRANSFERS
from server.features.archive.tables import PROJECTIONS, WHOLE
from server.features.books.books import Books
from server.features.ledger import ledger
from server.features.merchants.tables import UNITS
from server.records.database import Database
from server.records.projection import Entry, RoomHead
from server.store.room_store import RoomStore

_MOVED = ("given", "sold", "returned", "home")
_PAGE = 500


async def audit_units(
    connection: AsyncConnection, room: RoomHead, archived: Sequence[Entry]
) -> list[str]:
    """Return how moves of a room's units differ from its archived ledger. Raises RecordsAway."""
    rows = await connection.execute(select(MOVES).where(MOVES.c.life == room.life))
    found = {row.sale: {name: getattr(row, name) for name in _MOVED} for row in rows}
    if not found and not any(b"transfer" in entry.body for entry in archived):
        return []
    books = Books()
    for entry in archived:
        for number, line in ledger.lines_of(entry.place.encode(), {b"e": entry.body}):
            books.add_line(number, line)
    expected = {sale: _moved(books, sale) for sale in books.given}
    return [
        f"units of sale {sale}: the ledger says {expected.get(sale, 'none')}, the records have "
        f"{found.get(sale, 'none')}"
        for sale in sorted(expected.keys() | found.keys())
        if expected.get(sale) != found.get(sale)
    ]


def _moved(books: Books, sale: str) -> dict[str, int]:
    counters, given, home = books.sales[sale], books.given[sale], books.home[sale]
    returned = given - home - counters["allocated"]
    return {"given": given, "sold": counters["sold"], "returned": returned, "home": home}


class AllUnits:
    """Compares each variant's counters with what merchants granted and rooms did."""

    def __init__(self, store: RoomStore, records: Database) -> None:
        self._store = store
        self._records = records

    async def differences(self) -> AsyncIterator[str]:
        """Yield a sentence for each thing that differs. Raises RecordsAway, RedisError or OSError.

        One reading sees one state of the records, so nothing that goes on meanwhile differs.
        """
        async for each in self._of_lost_rooms():
            yield each
        async with self._records.reading() as connection:
            stored = select(PROJECTIONS).where(PROJECTIONS.c.name == UnitProjection.name)
            fold = (await connection.execute(stored)).first()
            if fold and (fold.version, fold.life) != (UnitProjection.version, WHOLE):
                return  # a running server folds it again just now
            async for each in _of_allotments(connection):
                yield each
            async for each in _of_transfers(connection):
                yield each
            async for each in _of_variants(connection):
                yield each

    async def _of_lost_rooms(self) -> AsyncIterator[str]:
        """Transfers that nobody can settle: Redis has no such room."""
        asked = select(TRANSFERS).where(TRANSFERS.c.state == "sent")
        async with self._records.reading() as connection:
            sent = (await connection.execute(asked.order_by(TRANSFERS.c.transfer))).all()
        for row in sent:
            if not await self._store.redis.exists(self._store.keys.room(row.room, "room")):
                yield (
                    f"transfer {row.transfer} of {row.units} units of {row.merchant}:{row.sku} "
                    f"waits for the room {row.room}, and Redis has no such room"
                )


async def _rows(connection: AsyncConnection, asked: Select[Any]) -> AsyncIterator[Any]:
    for row in (await connection.execute(asked)).all():
        yield row


async def _of_allotments(connection: AsyncConnection) -> AsyncIterator[str]:
    a = ALLOTMENTS.c
    sent = (
        select(PARTS.c.allotment, func.sum(PARTS.c.units).label("units"))
        .join(TRANSFERS, TRANSFERS.c.transfer == PARTS.c.transfer)
        .where(TRANSFERS.c.state != "refused")
        .group_by(PARTS.c.allotment)
        .subquery()
    )
    units = func.coalesce(sent.c.units, 0)
    asked = (
        select(ALLOTMENTS, units.label("sent"))
        .outerjoin(sent, sent.c.allotment == a.allotment)
        .where((a.granted != a.free + a.home + units) | (a.free < 0) | (a.home < 0))
    )
    async for row in _rows(connection, asked.order_by(a.allotment)):
        yield (
            f"allotment {row.allotment} of {row.merchant}:{row.sku}: of {row.granted} units "
            f"{row.free} are free, {row.home} went home and {row.sent} were sent"
        )


async def _of_transfers(connection: AsyncConnection) -> AsyncIterator[str]:
    """Transfers whose parts don't add up, and sales that were given what nobody sent."""
    t = TRANSFERS.c
    parts = select(PARTS.c.transfer, func.sum(PARTS.c.units).label("units"))
    parts_of = parts.group_by(PARTS.c.transfer).subquery()
    units = func.coalesce(parts_of.c.units, 0)
    asked = (
        select(t.transfer, t.units, units.label("parts"))
        .outerjoin(parts_of, parts_of.c.transfer == t.transfer)
        .where(t.units != units)
    )
    async for row in _rows(connection, asked.order_by(t.transfer)):
        yield f"transfer {row.transfer} has {row.units} units, and its parts {row.parts}"
    taken = _sum_by(TRANSFERS, TRANSFERS.c.units, TRANSFERS.c.state == "taken", by_life=True)
    given = _sum_by(MOVES, MOVES.c.given, by_life=True)
    sent, got = await _summed(connection, taken), await _summed(connection, given)
    for name in sorted(sent.keys() | got.keys()):
        life, merchant, sku = name
        if sent.get(name, 0) != got.get(name, 0):
            yield (
                f"{merchant}:{sku}: the sales of the archived room {life} took {got.get(name, 0)} "
                f"units, and {sent.get(name, 0)} were sent to them"
            )


def _sum_by(
    table: Any, column: ColumnElement[int], *which: ColumnElement[bool], by_life: bool = False
) -> Select[Any]:
    by = [table.c.merchant, table.c.sku]
    if by_life:
        by.insert(0, table.c.life)
    return select(*by, func.sum(column)).where(*which).group_by(*by)


async def _summed(connection: AsyncConnection, asked: Select[Any]) -> dict[tuple[Any, ...], int]:
    return {tuple(row[:-1]): int(row[-1]) for row in await connection.execute(asked)}


async def _of_variants(connection: AsyncConnection) -> AsyncIterator[str]:
    m = MOVES.c
    free = await _summed(connection, _sum_by(ALLOTMENTS, ALLOTMENTS.c.free))
    on_way = _sum_by(TRANSFERS, TRANSFERS.c.units, TRANSFERS.c.state == "sent")
    sent = await _summed(connection, on_way)
    left = await _summed(connection, _sum_by(MOVES, m.given - m.sold - m.returned - m.home))
    sold = await _summed(connection, _sum_by(MOVES, m.sold))
    returned = await _summed(connection, _sum_by(MOVES, m.returned))
    after = ("", "")
    while True:
        u = UNITS.c
        later = (u.merchant > after[0]) | ((u.merchant == after[0]) & (u.sku > after[1]))
        rows = (
            await connection.execute(
                select(UNITS).where(later).order_by(u.merchant, u.sku).limit(_PAGE)
            )
        ).all()
        for row in rows:
            after = row.merchant, row.sku
            expected = {
                "allotted": free.get(after, 0) + sent.get(after, 0) + left.get(after, 0),
                "sold": sold.get(after, 0),
                "returned": returned.get(after, 0),
            }
            for each in _of_variant(row, expected):
                yield each
        if len(rows) < _PAGE:
            return


def _of_variant(row: Any, expected: dict[str, int]) -> Iterator[str]:
    name = f"{row.merchant}:{row.sku}"
    for counter, n in expected.items():
        if getattr(row, counter) != n:
            yield f"{name}: {n} units are {counter}, the records have {getattr(row, counter)}"
    total = row.stock + row.allotted + row.sold + row.returned
    if total != row.received:
        yield f"{name}: {row.received} units were received, and {total} are somewhere"
    if row.stock < 0:
        yield f"{name}: {-row.stock} units are granted twice, for Redis lost that they went home"
