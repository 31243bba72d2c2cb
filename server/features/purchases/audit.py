"""Compares the rows of purchases with a fresh fold of the archived ledger."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.purchases.projection import SUMS, Changes, row_of
from server.features.purchases.tables import LINES, PURCHASES, REVENUE
from server.records.projection import Entry, RoomHead

Row = Mapping[str, Any]
Rows = dict[tuple[Any, ...], Row]


async def audit_purchases(
    connection: AsyncConnection, head: RoomHead, entries: Sequence[Entry]
) -> list[str]:
    """Return how a room's orders, lines and revenue differ from what its entries add up to."""
    changes = Changes()
    for entry in entries:
        changes.add_entry(entry)
    expected = (
        (PURCHASES, "order", ("order",), _orders(head, changes)),
        (LINES, "line", ("order", "n"), changes.lines_of(head)),
        (REVENUE, "revenue", ("day", "currency"), _revenue(head, changes)),
    )
    return [
        difference
        for table, what, key, rows in expected
        for difference in _compare(
            what,
            {tuple(row[name] for name in key): row for row in rows},
            await _stored(connection, table, key, head.life),
        )
    ]


def _orders(head: RoomHead, changes: Changes) -> Sequence[Row]:
    rows = [
        row_of(head, order, body, changes.paid.get(order.order, 0), 0)
        for order, body in changes.orders.values()
    ]
    for row in rows:
        del row["place"]  # follows the order of the copies, which differs
    return rows


def _revenue(head: RoomHead, changes: Changes) -> list[Row]:
    if head.practice:
        return []
    return [
        {"life": head.life, "day": day, "currency": currency, "host": head.host}
        | {name: sums[name] for name in SUMS}
        for (day, currency), sums in changes.revenue.items()
    ]


async def _stored(connection: AsyncConnection, table: Table, key: Sequence[str], life: int) -> Rows:
    rows = await connection.execute(select(table).where(table.c.life == life))
    return {tuple(row[name] for name in key): dict(row) for row in rows.mappings()}


def _compare(what: str, expected: Rows, found: Rows) -> Iterator[str]:
    for key in sorted(expected.keys() | found.keys()):
        name = f"{what} row {' '.join(map(str, key))}"
        right, row = expected.get(key), found.get(key)
        if row is None:
            yield f"{name} is missing in the records"
        elif right is None:
            yield f"{name} of the records is in no archived ledger"
        else:
            for column, value in right.items():
                if row[column] != value:
                    yield f"{name}: {_told(column, value, row[column])}"


def _told(column: str, value: Any, found: Any) -> str:
    if column == "body":
        return "its body is not the one of the archived ledger"
    return f"the archived ledger says {column} {value}, the records have {found}"
