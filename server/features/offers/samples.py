"""Sample figures: how goods did in the rooms of others, each with the orders it rests on."""

from collections.abc import Collection
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.figures.reckoning.sums import share
from server.features.offers.projection import COUNTS
from server.features.offers.tables import SOLD

Names = tuple[str, str]
"""A merchant and goods of theirs."""


class Sample(Struct, frozen=True, kw_only=True):
    """How goods did. Orders in practice count for nothing.

    Of `placed` orders (those that are still held left out) `orders` were paid: their share is
    `conversion`. Of the `units` in these, `returned` came back: their share is `return_rate`. A
    share of too few orders is null: too few to tell.
    """

    rooms: int = 0
    hosts: int = 0
    placed: int = 0
    orders: int = 0
    units: int = 0
    returned: int = 0
    conversion: float | None = None
    return_rate: float | None = None


NONE = Sample()


async def samples_of(
    connection: AsyncConnection, names: Collection[Names], least: int, but_host: str = ""
) -> dict[Names, Sample]:
    """Return the samples of goods by name, without those of one host; `least` is the number of
    orders that a share needs. Goods that nobody ordered are left out."""
    if not names:
        return {}
    asked = (
        select(
            SOLD.c.merchant,
            SOLD.c.goods,
            func.count(SOLD.c.life).label("rooms"),
            func.count(SOLD.c.host.distinct()).label("hosts"),
            *(func.sum(SOLD.c[name]).label(name) for name in COUNTS),
        )
        .where(
            tuple_(SOLD.c.merchant, SOLD.c.goods).in_(sorted(names)),
            SOLD.c.host != but_host,
            SOLD.c.placed > 0,
        )
        .group_by(SOLD.c.merchant, SOLD.c.goods)
    )
    rows = await connection.execute(asked)
    return {(row.merchant, row.goods): _sample(row, least) for row in rows}


def _sample(row: Row[Any], least: int) -> Sample:
    placed, orders, units, returned = (int(getattr(row, name)) for name in COUNTS)
    return Sample(
        rooms=row.rooms, hosts=row.hosts, placed=placed, orders=orders, units=units,
        returned=returned,
        conversion=share(orders, placed) if placed >= least else None,
        return_rate=share(returned, units) if orders >= least else None,
    )  # fmt: skip
