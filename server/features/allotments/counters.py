"""Moves units between the counters of a variant; their sum never changes by it."""

from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.merchants.tables import UNITS

Variant = tuple[str, str]
"""Merchant and sku."""


async def move_units(
    connection: AsyncConnection, of: Variant, source: str, target: str, n: int, *, least: bool
) -> bool:
    """Move `n` units of a variant from one counter to another; False if there is no such variant.

    With `least` nothing is moved, and False returned, if the source has fewer.
    """
    return await change_units(connection, of, {source: -n, target: n}, least=least)


async def change_units(
    connection: AsyncConnection, of: Variant, by: Mapping[str, int], *, least: bool = False
) -> bool:
    """Change counters of a variant by numbers that add up to zero."""
    assert sum(by.values()) == 0, by
    merchant, sku = of
    which = [UNITS.c.merchant == merchant, UNITS.c.sku == sku]
    if least:
        which += [UNITS.c[name] >= -n for name, n in by.items() if n < 0]
    values = {name: UNITS.c[name] + n for name, n in by.items()}
    done = await connection.execute(update(UNITS).where(*which).values(values))
    return bool(done.rowcount)
