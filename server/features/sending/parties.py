"""Tells who has to do with an order: its buyer, and those who send lines of it."""

from collections.abc import Collection

from sqlalchemy import select

from server.access.auth import Identity
from server.features.merchants.tables import MEMBERS
from server.features.orders.messages import Order
from server.features.orders.order_rows import read_orders
from server.features.sending.projection import sender_of
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.records.database import Database
from server.rooms.directory import Directory
from server.store.room_store import RoomStore

HOST = ""
"""The host among the senders of an order."""


class Parties:
    """Finds an order, and what somebody is to it. Methods raise CommandError, RecordsAway."""

    def __init__(self, store: RoomStore, records: Database, directory: Directory) -> None:
        self._store = store
        self._records = records
        self._directory = directory

    async def order(self, room: str, order: str) -> Order:
        """Return an order of a room, which comes back to Redis for it."""
        await self._directory.must_be_here(room)
        for found in await read_orders(self._store, room, [order]):
            return found
        raise CommandError("not_found", f"There is no order `{order}` in this room.")

    async def own_order(self, who: Identity, room: str, order: str) -> Order:
        """Return an order of this buyer."""
        if who.may_enter(room):
            await self._directory.must_be_here(room)
            for found in await read_orders(self._store, room, [order]):
                if found.user == who.user:
                    return found
        raise CommandError("not_found", "You have no such order in this room.")

    async def is_host(self, who: Identity, order: Order) -> bool:
        """Whether somebody is the host of an order's room."""
        return who.user == await self._directory.host_of(order.room)

    async def senders_in(self, who: Identity, order: Order) -> set[str]:
        """Return the senders of an order for whom somebody acts: `HOST`, and ids of merchants."""
        host = await self._directory.host_of(order.room)
        senders = {sender_of(line, host) for line in order.lines}
        own = set()
        if HOST in senders and who.role is Role.HOST and who.user == host:
            own.add(HOST)
        merchants = senders - {HOST}
        if who.rooms is None and merchants:
            own |= await self.merchants_of(who, merchants)
        return own if who.may_enter(order.room) else set()

    async def merchants_of(self, who: Identity, merchants: Collection[str]) -> set[str]:
        """Return for which of these merchants somebody acts: as one, or as a member."""
        own = {who.user} & set(merchants) if who.role in (Role.MERCHANT, Role.HOST) else set()
        asked = select(MEMBERS.c.merchant).where(
            MEMBERS.c.user == who.user, MEMBERS.c.merchant.in_(merchants)
        )
        async with self._records.reading() as connection:
            return own | set((await connection.scalars(asked)).all())

    async def is_member(self, who: Identity, merchant: str) -> bool:
        """Whether somebody acts for a merchant."""
        return merchant in await self.merchants_of(who, [merchant])
