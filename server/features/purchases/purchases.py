"""Reads orders over all rooms: a user's, a host's, and those that changed last."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import MsgspecError, Struct, msgpack
from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.tables import ROOMS
from server.features.orders.messages import Order
from server.features.purchases.tables import PURCHASES
from server.records.database import Database
from server.store.room_store import RoomStore

_ORDER = msgpack.Decoder(Order)
_ROOM = (ROOMS.c.title, ROOMS.c.kind, ROOMS.c.phase)


def moment_path(room: str, order: str) -> str:
    """The path of what the buyer of an order was shown."""
    return f"/v1/rooms/{room}/orders/{order}/moment"


class Purchase(Struct, kw_only=True):
    """An order, and the room it was made in. `paid` is when it was paid (Unix ms), 0 before that.

    `practice`: the room was a rehearsal, so the order counts for nothing. `moment` tells what the
    buyer was shown.
    """

    order: Order
    host: str
    title: str
    kind: str
    phase: str
    paid: int
    practice: bool
    moment: str = ""

    def __post_init__(self) -> None:
        """Name the path of the moment."""
        self.moment = moment_path(self.order.room, self.order.order)


class PurchasesPage(Struct):
    """Orders over all rooms, the newest first. `next` is the `cursor` of the page that follows."""

    orders: list[Purchase]
    next: str | None = None


class ChangesPage(Struct):
    """Orders as they are now, in the order of their last change.

    `at` is the last place this page covers: ask `?after=<at>` later to get newer changes. `next` is
    the `cursor` of the following page, null at the end; asked with `after`, or nothing, it is `at`.
    """

    orders: list[Purchase]
    at: int
    next: int | str | None = None


class Purchases:
    """Reads the table of purchases. Every method may raise RecordsAway."""

    def __init__(self, store: RoomStore, records: Database) -> None:
        self._store = store
        self._records = records

    async def of_user(
        self, user: str, cursor: str, limit: int, rooms: Collection[str] | None = None
    ) -> PurchasesPage:
        """A user's orders, of these rooms alone if some are given."""
        asked = _newest(cursor).where(PURCHASES.c.user == user)
        if rooms is not None:
            asked = asked.where(PURCHASES.c.room.in_(rooms))
        return await self._page(asked, limit)

    async def of_host(self, host: str, cursor: str, limit: int) -> PurchasesPage:
        """The orders of a host's rooms."""
        return await self._page(_newest(cursor).where(PURCHASES.c.host == host), limit)

    async def to_answer(self, host: str, limit: int) -> PurchasesPage:
        """The orders that buyers want to give back and the host has not answered, the one to be
        answered first at the front. There is no further page: answered ones leave the list."""
        open_ones = PURCHASES.c.host == host, PURCHASES.c.return_due > 0
        asked = _purchases().where(*open_ones).order_by(PURCHASES.c.return_due)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked.limit(limit))).all()
        return PurchasesPage(self._purchases(rows))

    async def _page(self, asked: Select[Any], limit: int) -> PurchasesPage:
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked.limit(limit + 1))).all()
        page = rows[:limit]
        after = f"{page[-1].created}-{page[-1].order}" if len(rows) > limit else None
        return PurchasesPage(self._purchases(page), after)

    async def changed(self, after: int, limit: int) -> ChangesPage:
        """Orders that changed after a place. None is missed: places rise as changes are stored."""
        asked = _purchases().where(PURCHASES.c.place > after).order_by(PURCHASES.c.place)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked.limit(limit + 1))).all()
        page = rows[:limit]
        at = page[-1].place if page else after
        return ChangesPage(self._purchases(page), at, at if len(rows) > limit else None)

    async def count_of(self, user: str) -> int:
        """Return how many orders a user has, whatever became of them."""
        async with self._records.reading() as connection:
            return await count_where(connection, PURCHASES.c.user == user)

    async def claims_of(self, user: str) -> dict[str, str]:
        """claim -> the order of a user that uses it: one that is held, paid or returned."""
        asked = select(PURCHASES.c.claim, PURCHASES.c.order).where(
            PURCHASES.c.user == user,
            PURCHASES.c.claim != "",
            PURCHASES.c.status.in_(("held", "paid", "returned")),
        )
        async with self._records.reading() as connection:
            return {row.claim: row.order for row in await connection.execute(asked)}

    def _purchases(self, rows: Sequence[Row[Any]]) -> list[Purchase]:
        found = []
        for row in rows:
            try:
                order = _ORDER.decode(row.body)
            except (MsgspecError, UnicodeDecodeError) as error:
                self._store.note_damaged(row.room, f"order {row.order}", str(error))
                continue
            found.append(
                Purchase(
                    order=order, host=row.host, title=row.title or "", kind=row.kind or "",
                    phase=row.phase or "", paid=row.paid, practice=row.practice,
                )
            )  # fmt: skip
        return found


async def buyers_in(connection: AsyncConnection, room: str) -> set[str]:
    """Return the users who placed an order in a room."""
    asked = select(PURCHASES.c.user).where(PURCHASES.c.room == room).distinct()
    return set((await connection.scalars(asked)).all())


async def count_where(connection: AsyncConnection, *which: Any) -> int:
    """Return how many orders meet all conditions."""
    counted = select(func.count()).select_from(PURCHASES).where(*which)
    return int(await connection.scalar(counted) or 0)


def _purchases() -> Select[Any]:
    return select(
        PURCHASES.c.body, PURCHASES.c.room, PURCHASES.c.order, PURCHASES.c.created,
        PURCHASES.c.host, PURCHASES.c.paid, PURCHASES.c.practice, PURCHASES.c.place, *_ROOM,
    ).outerjoin(ROOMS, ROOMS.c.life == PURCHASES.c.life)  # fmt: skip


def _newest(cursor: str) -> Select[Any]:
    """The newest first, after the cursor `<created>-<order>`; empty begins."""
    columns = PURCHASES.c.created, PURCHASES.c.order
    asked = _purchases().order_by(*(column.desc() for column in columns))
    if cursor:
        created, _, order = cursor.partition("-")
        asked = asked.where(tuple_(*columns) < (int(created), order))
    return asked
