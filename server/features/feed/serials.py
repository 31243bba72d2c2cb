"""Serials: numbers by which a reader finds what is new since its last look."""

from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.feed.tables import SERIALS
from server.records.upsert import insert_into


async def give_serials(connection: AsyncConnection, name: str, count: int) -> range:
    """Return the next `count` serials of that name. Until the transaction ends nobody else gets
    any, so they are stored in their order."""
    asked = insert_into(connection, SERIALS).values(name=name, last=count)
    asked = asked.on_conflict_do_update(
        index_elements=["name"], set_={"last": SERIALS.c.last + count}
    )
    last = int(await connection.scalar(asked.returning(SERIALS.c.last)) or 0)
    return range(last - count + 1, last + 1)
