"""Keys that only this server's records hold: made for whoever asks first, one for all workers."""

import secrets

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.records.upsert import insert_into

_BYTES = 32


async def kept_secret(connection: AsyncConnection, table: Table, name: str) -> bytes:
    """Return a key of a table of `name` and `secret`, which is made when it is asked for first; the
    connection must be writing."""
    made = insert_into(connection, table).values(name=name, secret=secrets.token_bytes(_BYTES))
    await connection.execute(made.on_conflict_do_nothing())
    kept = await connection.execute(select(table.c.secret).where(table.c.name == name))
    return bytes(kept.scalar_one())
