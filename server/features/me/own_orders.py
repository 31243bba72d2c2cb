"""A user's orders in all rooms: as the records have them, and what the rooms have since."""

import asyncio
from collections.abc import Collection, Iterable

from msgspec import structs
from sqlalchemy import select

from server.features.archive.tables import ROOMS
from server.features.orders.messages import Order
from server.features.orders.orders import Orders
from server.features.purchases.purchases import Purchase, Purchases, PurchasesPage
from server.records.database import Database
from server.records.projection import RoomHead
from server.rooms.left_out import LeftOut
from server.store.reading import asked
from server.store.room_store import RoomStore

LIVE_ROOMS_MAX = 100
"""Live rooms, the last to start, that are asked for orders which the records don't have yet."""


class OwnOrders:
    """Reads a user's orders.

    The archive copies what happens in a room a moment later. So the rooms of a page's orders are
    asked how these stand now; for the first page the live rooms are asked too, and a user sees an
    order as soon as it is made.
    """

    def __init__(
        self, store: RoomStore, records: Database, purchases: Purchases, orders: Orders
    ) -> None:
        self._store = store
        self._records = records
        self._purchases = purchases
        self._orders = orders
        self._left_out = LeftOut("a user's orders")

    async def page(
        self,
        user: str,
        cursor: str,
        limit: int,
        *,
        rooms: Collection[str] | None,
        groups: Collection[str],
    ) -> PurchasesPage:
        """A page of orders, of `rooms` alone if given. `groups` are fan groups the user is in."""
        page = await self._purchases.of_user(user, cursor, limit, rooms)
        heads = {} if cursor else await self._live_rooms(groups)
        wanted = {*heads, *(each.order.room for each in page.orders)}
        if rooms is not None:
            wanted &= set(rooms)
        current = await self._current(user, wanted)
        known = [_as_now(each, current.pop(each.order.order, None)) for each in page.orders]
        new = [_new(order, heads[order.room]) for order in current.values() if order.room in heads]
        return _merged(known, new, page.next, limit)

    async def _live_rooms(self, groups: Collection[str]) -> dict[str, RoomHead]:
        live = (
            select(ROOMS)
            .where(ROOMS.c.phase == "live", ROOMS.c.kind != "group")
            .order_by(ROOMS.c.started.desc())
            .limit(LIVE_ROOMS_MAX)
        )
        own = select(ROOMS).where(ROOMS.c.room.in_(groups))
        async with self._records.reading() as connection:
            rows = [*await connection.execute(live), *await connection.execute(own)]
        return {row.room: RoomHead(*row) for row in rows}

    async def _current(self, user: str, rooms: Iterable[str]) -> dict[str, Order]:
        """order id -> the order as its room has it now; none of rooms that have left Redis."""
        pipeline = self._store.redis.pipeline(transaction=False)
        listed = sorted(rooms)
        for room in listed:
            pipeline.hget(self._store.keys.room(room, "orders_of"), user)
        found = await asked(pipeline.execute(raise_on_error=False)) if listed else []
        having = [room for room, ids in zip(listed, found, strict=True) if ids]
        lists = await asyncio.gather(*(self._in_room(user, room) for room in having))
        return {order.order: order for orders in lists for order in orders}

    async def _in_room(self, user: str, room: str) -> list[Order]:
        try:
            return (await self._orders.orders_of(room, [user]))[user]
        except Exception as error:  # its shard is down: the records show it as it was
            self._left_out.say(room, error)
            return []


def _as_now(known: Purchase, order: Order | None) -> Purchase:
    if order is None:
        return known
    return structs.replace(known, order=order, paid=known.paid or _paid(order))


def _new(order: Order, head: RoomHead) -> Purchase:
    return Purchase(
        order=order, host=head.host, title=head.title, kind=head.kind, phase=head.phase,
        paid=_paid(order), practice=head.practice,
    )  # fmt: skip


def _paid(order: Order) -> int:
    return order.updated if order.status == "paid" else 0


def _merged(
    known: list[Purchase], new: list[Purchase], after: str | None, limit: int
) -> PurchasesPage:
    """The newest `limit`; orders older than a page that has a next one come on that one."""
    if after is not None and known:
        new = [each for each in new if _place(each) > _place(known[-1])]
    orders = sorted([*known, *new], key=_place, reverse=True)
    if len(orders) > limit:
        created, order = _place(orders[limit - 1])
        after = f"{created}-{order}"
    return PurchasesPage(orders[:limit], after)


def _place(each: Purchase) -> tuple[int, str]:
    return each.order.created, each.order.order
