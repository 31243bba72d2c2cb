"""Says why a room with merchants' units must stay: in Redis for now, or at all."""

from sqlalchemy import func, select

from server.features.allotments.tables import MOVES
from server.features.allotments.transfers import Transfers
from server.features.archive.tables import ROOMS
from server.records.database import Database
from server.rooms.retiring import Stays
from server.store.room_store import RoomStore


class Staying:
    """`copied` says why not all of a room is archived, or ''."""

    def __init__(self, records: Database, transfers: Transfers, copied: Stays) -> None:
        self._records = records
        self._transfers = transfers
        self._copied = copied

    async def in_redis(self, _store: RoomStore, room: str) -> str:
        """Return why a room must not leave Redis, or ''. Raises RecordsAway."""
        sent = await self._transfers.open_to(room)
        return f"{sent} transfers of merchants' units to it are not settled" if sent else ""

    async def at_all(self, store: RoomStore, room: str) -> str:
        """Return why a room must not be deleted, or ''. Raises RecordsAway, RedisError or OSError.

        What the archive does not have could never be known again. A room that left Redis had
        everything settled.
        """
        if not await store.redis.exists(store.keys.room(room, "transfers")):
            return ""
        if why := await self._copied(store, room) or await self.in_redis(store, room):
            return f"it has sales of merchants' units, and {why}"
        m = MOVES.c
        left = func.sum(m.given - m.sold - m.returned - m.home)
        asked = select(left).join(ROOMS, ROOMS.c.life == m.life).where(ROOMS.c.room == room)
        async with self._records.reading() as connection:
            units = int(await connection.scalar(asked) or 0)
        return f"{units} units of merchants are in its sales; close these first" if units else ""
