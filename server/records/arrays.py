"""Many rows and many keys in one statement of PostgreSQL.

A statement for each row costs the engine more than the row, and a list of keys as parameters of
their own is compared one by one with every row that is looked at. So each column goes as one array.
SQLite prepares a statement once, looks each key up in its index, and has no arrays.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Insert, any_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection


async def put_rows(
    connection: AsyncConnection,
    put: postgresql.Insert | sqlite.Insert | Insert,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Insert rows, which all have the same columns, by `put`, an insert without values. If it
    updates rows that are there, no key may come twice."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        await connection.execute(put, rows)
        return
    columns = [put.table.c[name] for name in rows[0]]
    arrays = [
        func.unnest(bindparam(f"all_{n}", [row[column.name] for row in rows], ARRAY(column.type)))
        for n, column in enumerate(columns)
    ]
    await connection.execute(put.from_select(columns, select(*arrays)))


def is_among(
    connection: AsyncConnection, column: Column[Any], keys: Collection[Any]
) -> ColumnElement[bool]:
    """Whether a column is one of some keys; of few hundred, where the engine is SQLite."""
    if connection.dialect.name != "postgresql":
        return column.in_(keys)
    return column == any_(bindparam(None, list(keys), ARRAY(column.type)))
