"""The units of variants: how many a merchant received, and how many of these are free."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.features.merchants.goods import Stock, stock_of
from server.features.merchants.merchants import locked_merchant
from server.features.merchants.tables import STOCK_CHANGES, UNITS, VARIANTS
from server.protocol.codes import CommandError
from server.protocol.fields import Id, Units
from server.protocol.input import Input
from server.records.database import Database
from server.records.upsert import insert_into

STOCK_MAX = 1_000_000
"""Most free units of one variant."""


class StockBody(Input, frozen=True, kw_only=True):
    """How the free units of a variant change: so many `add`ed (less than 0: taken out), or `set`.

    `key` names the change: sent again with the same key, it is done once.
    """

    key: Id
    add: Annotated[int, Meta(ge=-STOCK_MAX, le=STOCK_MAX)] | UnsetType = UNSET
    set: Units | UnsetType = UNSET


class UnitBook:
    """Changes units for merchants. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def change(self, merchant: str, sku: str, body: StockBody, who: Identity) -> Stock:
        """Change the free units of a variant, once a key; return where its units are now.

        `received` changes by the same number, so granted and sold units are not touched.
        """
        asked = _asked(body)
        async with self._records.writing() as connection:
            await locked_merchant(connection, merchant, who)
            known = await _noted(connection, merchant, body.key)
            if known is not None and (known.sku, known.asked) != (sku, asked):
                raise key_reused(body.key)
            units = await _units_of_variant(connection, merchant, sku)
            if known is not None:
                return units
            add = body.set - units.stock if isinstance(body.set, int) else int(body.add or 0)
            return await add_units(
                connection, merchant, sku, add, key=body.key, asked=asked, units=units
            )


def key_reused(key: str) -> CommandError:
    """The refusal of a key that named another change of stock."""
    return CommandError(
        "key_reused", f"The key `{key}` belongs to another change of stock; use a new one."
    )


async def add_units(
    connection: AsyncConnection,
    merchant: str,
    sku: str,
    add: int,
    *,
    key: str,
    asked: str,
    units: Stock,
) -> Stock:
    """Add free units to a variant, or take some out, and note it under the key.

    `units` is where they are now; no other transaction may change them until this one ends, see
    `locked_units`. Raises CommandError if fewer are free.
    """
    stock, received = units.stock + add, units.received + add
    if stock < 0:
        raise CommandError(
            "conflict",
            f"Of `{sku}` {units.stock} units are free and {units.allotted} granted to hosts: take "
            "out no more than are free, or take back granted ones first.",
        )
    if stock > STOCK_MAX:
        raise CommandError("limit_reached", f"A variant has at most {STOCK_MAX} free units.")
    row = UNITS.c.merchant == merchant, UNITS.c.sku == sku
    await connection.execute(update(UNITS).where(*row).values(stock=stock, received=received))
    await connection.execute(
        insert(STOCK_CHANGES).values(
            merchant=merchant, key=key, sku=sku, asked=asked, add=add, received=received,
            stock=stock, at=unix_ms(),
        )
    )  # fmt: skip
    return Stock(received, stock, units.allotted, units.sold, units.returned)


async def locked_units(connection: AsyncConnection, merchant: str, sku: str) -> Stock:
    """Return where the units of a sku are; no other transaction moves them until this one ends."""
    made = insert_into(connection, UNITS).values(
        merchant=merchant, sku=sku, received=0, stock=0, allotted=0, sold=0, returned=0
    )
    await connection.execute(made.on_conflict_do_nothing())
    asked = select(UNITS).where(UNITS.c.merchant == merchant, UNITS.c.sku == sku)
    return stock_of((await connection.execute(asked.with_for_update())).one())


async def _units_of_variant(connection: AsyncConnection, merchant: str, sku: str) -> Stock:
    asked = select(VARIANTS.c.sku).where(VARIANTS.c.merchant == merchant, VARIANTS.c.sku == sku)
    if await connection.scalar(asked) is None:
        raise CommandError("not_found", f"This merchant has no variant `{sku[:64]}`.")
    return await locked_units(connection, merchant, sku)


async def _noted(connection: AsyncConnection, merchant: str, key: str) -> Row[Any, Any] | None:
    asked = select(STOCK_CHANGES.c.sku, STOCK_CHANGES.c.asked).where(
        STOCK_CHANGES.c.merchant == merchant, STOCK_CHANGES.c.key == key
    )
    return (await connection.execute(asked.limit(1))).first()


def _asked(body: StockBody) -> str:
    if isinstance(body.set, int) == isinstance(body.add, int):
        raise CommandError("bad_message", "Send either `add` or `set`, and not both.")
    return f"set {body.set}" if isinstance(body.set, int) else f"add {body.add}"
