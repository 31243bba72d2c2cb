"""Takes a host out of the allotments: `liveroom forget USER`."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.allotments.tables import ALLOTMENTS


async def forget_host(connection: AsyncConnection, user: str) -> None:
    """Leave the numbers of a host's allotments, and end those that last; their units go home."""
    of_host = ALLOTMENTS.c.host == user
    locked = select(ALLOTMENTS.c.allotment).where(of_host).order_by(ALLOTMENTS.c.allotment)
    await connection.execute(locked.with_for_update())  # by id, as transfers do
    await connection.execute(update(ALLOTMENTS).where(of_host).values(host="", room="", until=0))
