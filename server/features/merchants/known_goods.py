"""Reads what the records have of goods that are to be written, and keeps others from moving it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.merchants.catalogue import goods_of_ids
from server.features.merchants.goods import GoodsInput, Stock, stock_of
from server.features.merchants.goods_plans import Known
from server.features.merchants.tables import STOCK_CHANGES, UNITS, VARIANTS


async def known_goods(
    connection: AsyncConnection,
    merchant: str,
    given: Sequence[GoodsInput],
    stock_key: str,
    *,
    locked: bool,
) -> Known:
    """Return what is known of these goods and of the skus of their variants, old and new.

    `locked`: no other transaction moves their units until this one ends.
    """
    found = await goods_of_ids(connection, merchant, [each.goods for each in given])
    old = {variant.sku for goods in found for variant in goods.variants}
    skus = sorted(old | {variant.sku for each in given for variant in each.variants})
    of_variants = select(VARIANTS.c.sku, VARIANTS.c.goods).where(
        VARIANTS.c.merchant == merchant, VARIANTS.c.sku.in_(skus)
    )
    owner = {row.sku: row.goods for row in await connection.execute(of_variants)}
    return Known(
        {each.goods: each for each in found},
        owner,
        await _units(connection, merchant, skus, locked=locked),
        await _noted(connection, merchant, skus, stock_key),
    )


async def _units(
    connection: AsyncConnection, merchant: str, skus: list[str], *, locked: bool
) -> dict[str, Stock]:
    asked = select(UNITS).where(UNITS.c.merchant == merchant, UNITS.c.sku.in_(skus))
    if locked:
        asked = asked.order_by(UNITS.c.sku).with_for_update()
    return {row.sku: stock_of(row) for row in await connection.execute(asked)}


async def _noted(
    connection: AsyncConnection, merchant: str, skus: list[str], stock_key: str
) -> dict[str, str]:
    if not stock_key:
        return {}
    asked = select(STOCK_CHANGES.c.sku, STOCK_CHANGES.c.asked).where(
        STOCK_CHANGES.c.merchant == merchant,
        STOCK_CHANGES.c.key == stock_key,
        STOCK_CHANGES.c.sku.in_(skus),
    )
    return {row.sku: row.asked for row in await connection.execute(asked)}
