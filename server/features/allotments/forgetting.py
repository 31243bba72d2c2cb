"""Takes a host, or a merchant, out of the allotments: `liveroom forget USER`."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.allotments.tables import ALLOTMENTS, MOVES, TRANSFERS
from server.records.database import Database
from server.records.forgotten import kept_pseudonym
from server.store.room_store import RoomStore


async def forget_host(connection: AsyncConnection, user: str) -> None:
    """Leave the numbers of a host's allotments, and end those that last; their units go home."""
    of_host = ALLOTMENTS.c.host == user
    locked = select(ALLOTMENTS.c.allotment).where(of_host).order_by(ALLOTMENTS.c.allotment)
    await connection.execute(locked.with_for_update())  # by id, as transfers do
    await connection.execute(update(ALLOTMENTS).where(of_host).values(host="", room="", until=0))


async def forget_merchant(connection: AsyncConnection, user: str) -> None:
    """Put the pseudonym in the place of a merchant, and end what they granted."""
    pseudonym = await kept_pseudonym(connection, user)
    of_merchant = ALLOTMENTS.c.merchant == user
    locked = select(ALLOTMENTS.c.allotment).where(of_merchant).order_by(ALLOTMENTS.c.allotment)
    await connection.execute(locked.with_for_update())
    ended = update(ALLOTMENTS).where(of_merchant).values(merchant=pseudonym, until=0)
    await connection.execute(ended)
    for table in (TRANSFERS, MOVES):
        renamed = update(table).where(table.c.merchant == user).values(merchant=pseudonym)
        await connection.execute(renamed)


class Selling:
    """Says why a merchant can't be forgotten yet."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def keeps(self, store: RoomStore, user: str) -> str:
        """Name the rooms that sell a merchant's units and are not over, or ''. Raises RecordsAway,
        RedisError or OSError."""
        asked = select(TRANSFERS.c.room).where(TRANSFERS.c.merchant == user).distinct()
        async with self._records.reading() as connection:
            rooms = (await connection.scalars(asked.order_by(TRANSFERS.c.room))).all()
        still = []
        for room in rooms:
            phase = await store.redis.hget(store.keys.room(room, "room"), "phase")
            if phase not in (None, b"", b"ended"):
                still.append(f"{room} ({phase.decode()})")
        if not still:
            return ""
        return f"the merchant of units in rooms that are not over: {', '.join(still)}; end them"
