"""A task that one process does at a time: whoever holds its lease.

A lease spares work that would be done twice; it does not make it right. What must not happen twice
is held by the transaction that does it.
"""

from sqlalchemy import BigInteger, Column, Table, Text, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.records.schema import RECORDS
from server.records.upsert import insert_into

LEASES = Table(
    "leases",
    RECORDS,
    Column("task", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),  # ms
)


async def take_lease(
    connection: AsyncConnection, task: str, holder: str, now_ms: int, for_ms: int
) -> bool:
    """Take or prolong the lease of a task; False while another holder's lasts."""
    free = or_(LEASES.c.holder == holder, LEASES.c.until <= now_ms)
    values = {"holder": holder, "until": now_ms + for_ms}
    asked = (
        insert_into(connection, LEASES)
        .values(task=task, **values)
        .on_conflict_do_update(index_elements=["task"], set_=values, where=free)
        .returning(LEASES.c.holder)
    )
    return (await connection.execute(asked)).first() is not None


async def leave_lease(connection: AsyncConnection, task: str, holder: str) -> None:
    """Give a lease back, if it is the holder's, so that another need not wait for its end."""
    held = (LEASES.c.task == task) & (LEASES.c.holder == holder)
    await connection.execute(update(LEASES).where(held).values(until=0))
