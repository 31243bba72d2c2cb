"""Figures of a host over all their rooms: who bought again, and what a customer is worth."""

from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.figures.reckoning.models import Amounts, Averages
from server.features.figures.reckoning.sums import of_all, share
from server.features.purchases.customers import is_returned, sold_by
from server.features.purchases.tables import PURCHASES
from server.features.ties.ties import held_at
from server.records.database import Database


class HostFigures(Struct, kw_only=True):
    """A host's sold orders and customers over all rooms; docs/metrics.md defines each number.

    Money is by currency in minor units; a share is null where there is nothing to divide by.
    """

    customers: int
    repeat_customers: int
    repurchase_rate: float | None
    orders: int
    units: int
    return_rate: float | None
    gmv_gross: Amounts
    gmv_returned: Amounts
    gmv_net: Amounts
    average_order: Averages
    lifetime_value: Averages
    member_orders: int
    member_gmv: Amounts


class HostBook:
    """Reads the figures of hosts from the records."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def figures_of(self, host: str) -> HostFigures:
        """The figures as of the last copy. Raises RecordsAway."""
        async with self._records.reading() as connection:
            customers, repeat = await _customers(connection, host)
            money = await _money(connection, *sold_by(host))
            was_member = held_at("member", PURCHASES.c.user, literal(host), PURCHASES.c.created)
            of_members = await _money(connection, *sold_by(host), was_member)
        gross = {row.currency: int(row.gross) for row in money}
        returned = {row.currency: int(row.returned) for row in money}
        orders = sum(row.orders for row in money)
        return HostFigures(
            customers=customers,
            repeat_customers=repeat,
            repurchase_rate=share(repeat, customers),
            orders=orders,
            units=sum(int(row.units) for row in money),
            return_rate=share(sum(int(row.returned_orders) for row in money), orders),
            gmv_gross=gross,
            gmv_returned=returned,
            gmv_net={each: gross[each] - returned[each] for each in gross},
            average_order={row.currency: share(int(row.gross), row.orders) for row in money},
            lifetime_value={
                row.currency: share(int(row.gross) - int(row.returned), row.users) for row in money
            },
            member_orders=sum(row.orders for row in of_members),
            member_gmv=of_all({row.currency: int(row.gross) for row in of_members}, gross),
        )


async def _customers(connection: AsyncConnection, host: str) -> tuple[int, int]:
    """Return how many users paid an order, and how many paid more than one."""
    orders = (
        select(func.count().label("orders"))
        .where(*sold_by(host))
        .group_by(PURCHASES.c.user)
        .subquery()
    )
    again = func.coalesce(func.sum(case((orders.c.orders > 1, 1), else_=0)), 0)
    row = (await connection.execute(select(func.count(), again).select_from(orders))).one()
    return int(row[0]), int(row[1])


async def _money(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[Any]:
    asked = (
        select(
            PURCHASES.c.currency,
            func.count().label("orders"),
            func.count(PURCHASES.c.user.distinct()).label("users"),
            func.sum(PURCHASES.c.units).label("units"),
            func.sum(PURCHASES.c.total).label("gross"),
            func.sum(PURCHASES.c.back).label("returned"),
            func.sum(is_returned()).label("returned_orders"),
        )
        .where(*which)
        .group_by(PURCHASES.c.currency)
        .order_by(PURCHASES.c.currency)
    )
    return list((await connection.execute(asked)).all())
