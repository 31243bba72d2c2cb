"""An `INSERT` that says what to do when the row is there already."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_into(connection: AsyncConnection, table: Table) -> Any:
    """Return the insert of the connection's engine: it has `on_conflict_do_update`,
    `on_conflict_do_nothing` and `excluded`, which SQLAlchemy's general one lacks."""
    of_engine: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return of_engine.insert(table)
