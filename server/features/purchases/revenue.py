"""Adds up the money of sold orders by day and currency."""

from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from server.background.clock import DAY_MS
from server.features.purchases.tables import REVENUE
from server.records.database import Database

_SUMS = ("orders", "units", "gross", "off", "returned_orders", "returned")


class RevenueRow(Struct, kw_only=True, omit_defaults=True):
    """Sold orders placed on one day (UTC, `day_ms` is its start), in one currency.

    Money is in minor units: `gross` is what buyers paid, `off` what coupons took off before that,
    `returned` what went back for these orders by now, `net` the rest.
    """

    day_ms: int
    host: str = ""
    currency: str
    orders: int
    units: int
    gross: int
    off: int
    returned_orders: int
    returned: int
    net: int


class Revenue:
    """Reads the sums. Methods may raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def of_host(self, host: str, from_ms: int, to_ms: int) -> list[RevenueRow]:
        """A host's days, the newest first."""
        columns = REVENUE.c.day, REVENUE.c.currency
        return await self._rows(columns, [REVENUE.c.host == host], from_ms, to_ms, None)

    async def of_all(self, from_ms: int, to_ms: int, limit: int) -> list[RevenueRow]:
        """The days of all hosts, the newest first; of a day, the greatest sums first."""
        columns = REVENUE.c.day, REVENUE.c.currency, REVENUE.c.host
        return await self._rows(columns, [], from_ms, to_ms, limit)

    async def _rows(
        self,
        columns: tuple[Any, ...],
        which: list[Any],
        from_ms: int,
        to_ms: int,
        limit: int | None,
    ) -> list[RevenueRow]:
        days = REVENUE.c.day >= from_ms // DAY_MS, REVENUE.c.day < -(-to_ms // DAY_MS)
        sums = [func.sum(REVENUE.c[name]).label(name) for name in _SUMS]
        asked = (
            select(*columns, *sums)
            .where(*which, *days)
            .group_by(*columns)
            .order_by(REVENUE.c.day.desc(), func.sum(REVENUE.c.gross).desc(), *columns[1:])
        )
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked.limit(limit) if limit else asked)).mappings()
            return [_row(dict(row)) for row in rows]


def _row(row: dict[str, Any]) -> RevenueRow:
    sums = {name: int(row[name]) for name in _SUMS}
    return RevenueRow(
        day_ms=row["day"] * DAY_MS,
        host=row.get("host", ""),
        currency=row["currency"],
        net=sums["gross"] - sums["returned"],
        **sums,
    )
