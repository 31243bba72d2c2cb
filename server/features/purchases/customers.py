"""A host's customers: users who paid an order in one of the host's rooms."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.circles.group_ids import group_id
from server.features.figures.buyers import hash_of
from server.features.purchases.tables import PURCHASES
from server.protocol.currencies import decimal_text
from server.records.database import Database
from server.store.room_store import RoomStore
from server.web.csv_rows import rows as csv_rows
from server.web.csv_rows import text, utc

Amounts = dict[str, int]

_CSV_PAGE = 500
_CSV_COLUMNS = (
    "user", "name", "orders", "returned_orders", "units", "first", "last", "follows", "fan",
    "member", "currency", "spent", "spent_decimal",
)  # fmt: skip


class Customer(Struct, kw_only=True):
    """A user who paid an order. Times in Unix ms, of the first and last such order's placing.

    `spent` is what they paid less what was returned, by currency in minor units. `fan`: has ever
    followed the host; `follows`: does now; `member`: is in the host's fan group.
    """

    user: str
    name: str
    orders: int
    returned_orders: int
    units: int
    spent: Amounts
    first: int
    last: int
    follows: bool
    fan: bool
    member: bool


class CustomersPage(Struct):
    """Customers, the one who bought last first. `next` is the `cursor` of the following page."""

    customers: list[Customer]
    next: str | None = None


class Customers:
    """Reads customers. Methods may raise RecordsAway or CommandError."""

    def __init__(self, store: RoomStore, records: Database) -> None:
        self._store = store
        self._records = records

    async def page(self, host: str, cursor: str, limit: int) -> CustomersPage:
        """A page of a host's customers."""
        async with self._records.reading() as connection:
            rows = await _people(connection, host, cursor, limit + 1)
            page = rows[:limit]
            money = await _money(connection, host, [row.user for row in page])
        customers = await self._with_circles(host, page, money)
        after = f"{page[-1].last}-{page[-1].user}" if len(rows) > limit else None
        return CustomersPage(customers, after)

    async def _with_circles(
        self, host: str, rows: Sequence[Any], money: dict[str, tuple[str, Amounts]]
    ) -> list[Customer]:
        users = [row.user for row in rows]
        keys = self._store.keys
        follows = await hash_of(self._store, keys.host(host, "followers"), users)
        fans = await hash_of(self._store, keys.host(host, "fans"), users)
        members = await hash_of(self._store, keys.room(group_id(host), "members"), users)
        return [
            Customer(
                user=row.user, name=money[row.user][0], orders=row.orders,
                returned_orders=row.returned, units=row.units, spent=money[row.user][1],
                first=row.first, last=row.last, follows=row.user in follows, fan=row.user in fans,
                member=row.user in members,
            )
            for row in rows
        ]  # fmt: skip

    async def csv(self, host: str) -> AsyncIterator[str]:
        """All customers, a row a currency."""
        yield csv_rows([_CSV_COLUMNS])
        cursor: str | None = ""
        while cursor is not None:
            page = await self.page(host, cursor, _CSV_PAGE)
            yield csv_rows(row for each in page.customers for row in _csv_rows(each))
            cursor = page.next


def sold_by(host: str) -> tuple[ColumnElement[bool], ...]:
    """Return which purchases are a host's sold orders; practice is none."""
    return PURCHASES.c.host == host, PURCHASES.c.paid > 0, PURCHASES.c.practice.is_(False)


def is_returned() -> Any:
    """1 for a returned order, else 0."""
    return case((PURCHASES.c.status == "returned", 1), else_=0)


async def _people(connection: AsyncConnection, host: str, cursor: str, limit: int) -> Sequence[Any]:
    last = func.max(PURCHASES.c.created)
    people = (
        select(
            PURCHASES.c.user,
            func.count().label("orders"),
            func.sum(is_returned()).label("returned"),
            func.sum(PURCHASES.c.units).label("units"),
            func.min(PURCHASES.c.created).label("first"),
            last.label("last"),
        )
        .where(*sold_by(host))
        .group_by(PURCHASES.c.user)
        .subquery()
    )
    asked = select(people).order_by(people.c.last.desc(), people.c.user.desc()).limit(limit)
    if cursor:
        at, _, user = cursor.partition("-")
        asked = asked.where(tuple_(people.c.last, people.c.user) < (int(at), user))
    return (await connection.execute(asked)).all()


async def _money(
    connection: AsyncConnection, host: str, users: Sequence[str]
) -> dict[str, tuple[str, Amounts]]:
    """user -> the name of the last order, and what was spent by currency."""
    kept = PURCHASES.c.total - PURCHASES.c.back
    asked = (
        select(PURCHASES.c.user, PURCHASES.c.currency, func.sum(kept).label("spent"))
        .where(*sold_by(host), PURCHASES.c.user.in_(users))
        .group_by(PURCHASES.c.user, PURCHASES.c.currency)
        .order_by(PURCHASES.c.currency)
    )
    named = (
        select(PURCHASES.c.user, PURCHASES.c.name)
        .where(*sold_by(host), PURCHASES.c.user.in_(users))
        .group_by(PURCHASES.c.user, PURCHASES.c.name)
        .order_by(func.max(PURCHASES.c.created))
    )
    names = {row.user: row.name for row in await connection.execute(named)}
    money: dict[str, tuple[str, Amounts]] = {user: (names[user], {}) for user in users}
    for row in await connection.execute(asked):
        money[row.user][1][row.currency] = int(row.spent)
    return money


def _csv_rows(each: Customer) -> list[tuple[object, ...]]:
    return [
        (
            text(each.user), text(each.name), each.orders, each.returned_orders, each.units,
            utc(each.first), utc(each.last), *map(_yes, (each.follows, each.fan, each.member)),
            currency, spent, decimal_text(spent, currency),
        )
        for currency, spent in each.spent.items()
    ]  # fmt: skip


def _yes(value: bool) -> str:
    return "yes" if value else ""
