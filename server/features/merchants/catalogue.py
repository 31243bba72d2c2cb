"""The catalogue: reads goods with their variants and units, for every feature."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.merchants.goods import (
    Goods,
    State,
    Stock,
    Variant,
    read_goods_rest,
    read_variant_rest,
    stock_of,
)
from server.features.merchants.tables import GOODS, UNITS, VARIANTS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.text.folding import folded, one_case

NAMES_AT_ONCE = 500
"""Goods asked for in one query; engines bound the parameters of one."""


class GoodsPage(Struct):
    """Goods, the last changed first; `next` is the `cursor` of the page that follows."""

    goods: list[Goods]
    next: str | None = None


class Wanted(NamedTuple):
    """Which goods of a merchant: with each word of `text` in title, id, sku or tag, with the tag,
    in the state; empty: whatever."""

    text: str = ""
    tag: str = ""
    state: State | None = None


class Catalogue:
    """Reads goods. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def page(self, merchant: str, wanted: Wanted, cursor: str, limit: int) -> GoodsPage:
        """A page of a merchant's goods, the last changed first."""
        asked = select(GOODS).where(GOODS.c.merchant == merchant, *_conditions(wanted))
        if cursor:
            changed, _, goods = cursor.partition("-")
            asked = asked.where(
                or_(
                    GOODS.c.changed < int(changed),
                    and_(GOODS.c.changed == int(changed), GOODS.c.goods > goods),
                )
            )
        asked = asked.order_by(GOODS.c.changed.desc(), GOODS.c.goods).limit(limit + 1)
        async with self._records.reading() as connection:
            found = await _with_variants(connection, asked)
        page = found[:limit]
        after = f"{page[-1].changed}-{page[-1].goods}" if len(found) > limit else None
        return GoodsPage(page, after)

    async def by_id(self, merchant: str, after: str, limit: int) -> list[Goods]:
        """A merchant's goods by id, those after `after`; how all of them are read."""
        asked = select(GOODS).where(GOODS.c.merchant == merchant, GOODS.c.goods > after)
        async with self._records.reading() as connection:
            return await _with_variants(connection, asked.order_by(GOODS.c.goods).limit(limit))

    async def one(self, merchant: str, goods: str) -> Goods:
        """Goods as they are now, withdrawn ones too. Raises CommandError `not_found`."""
        async with self._records.reading() as connection:
            return await goods_in(connection, merchant, goods)

    async def several(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Goods]:
        """Goods by (merchant, goods), of any merchants; names of none are left out."""
        found: list[Goods] = []
        async with self._records.reading() as connection:
            for merchant in sorted({merchant for merchant, _ in names}):
                ids = sorted(goods for of, goods in names if of == merchant)
                found += await goods_of_ids(connection, merchant, ids)
        return {(each.merchant, each.goods): each for each in found}

    async def count(self, merchant: str) -> int:
        """Return how many goods a merchant has, withdrawn ones included."""
        async with self._records.reading() as connection:
            return await count_of(connection, merchant)


async def count_of(connection: AsyncConnection, merchant: str) -> int:
    """Return how many goods a merchant has, withdrawn ones included."""
    asked = select(func.count()).select_from(GOODS).where(GOODS.c.merchant == merchant)
    return int(await connection.scalar(asked) or 0)


async def goods_of_ids(
    connection: AsyncConnection, merchant: str, ids: Sequence[str]
) -> list[Goods]:
    """Those of a merchant's goods that there are, as a connection sees them."""
    found: list[Goods] = []
    for first in range(0, len(ids), NAMES_AT_ONCE):
        some = ids[first : first + NAMES_AT_ONCE]
        asked = select(GOODS).where(GOODS.c.merchant == merchant, GOODS.c.goods.in_(some))
        found += await _with_variants(connection, asked)
    return found


async def goods_in(connection: AsyncConnection, merchant: str, goods: str) -> Goods:
    """Goods as a connection sees them. Raises CommandError `not_found`."""
    asked = select(GOODS).where(GOODS.c.merchant == merchant, GOODS.c.goods == goods)
    found = await _with_variants(connection, asked)
    if not found:
        raise no_goods(goods)
    return found[0]


def no_goods(goods: str) -> CommandError:
    """The refusal of goods that are not there."""
    return CommandError("not_found", f"This merchant has no goods `{goods[:64]}`.")


def _conditions(wanted: Wanted) -> Iterable[Any]:
    for word in folded(wanted.text).split():
        yield GOODS.c.folded.contains(word, autoescape=True)
    if wanted.tag:
        yield GOODS.c.tags.contains(f" {one_case(wanted.tag)} ", autoescape=True)
    if wanted.state is not None:
        yield GOODS.c.state == wanted.state


async def _with_variants(connection: AsyncConnection, asked: Select[Any]) -> list[Goods]:
    """The goods of rows of GOODS, all of one merchant, in the order of the rows."""
    rows = (await connection.execute(asked)).all()
    if not rows:
        return []
    variants = await _variants_of(connection, rows[0].merchant, [row.goods for row in rows])
    return [_goods(row, variants.get(row.goods, [])) for row in rows]


async def _variants_of(
    connection: AsyncConnection, merchant: str, goods: Sequence[str]
) -> dict[str, list[Variant]]:
    asked = (
        select(VARIANTS, *(UNITS.c[name] for name in Stock.__struct_fields__))
        .outerjoin(
            UNITS, and_(UNITS.c.merchant == VARIANTS.c.merchant, UNITS.c.sku == VARIANTS.c.sku)
        )
        .where(VARIANTS.c.merchant == merchant, VARIANTS.c.goods.in_(goods))
        .order_by(VARIANTS.c.goods, VARIANTS.c.n)
    )  # fmt: skip
    found: dict[str, list[Variant]] = {}
    for row in await connection.execute(asked):
        found.setdefault(row.goods, []).append(_variant(row))
    return found


def _variant(row: Row[Any]) -> Variant:
    rest = read_variant_rest(row.body)
    return Variant(
        sku=row.sku, price=row.price, currency=row.currency, options=rest.options, image=rest.image,
        weight=rest.weight, units=stock_of(row),
    )  # fmt: skip


def _goods(row: Row[Any], variants: list[Variant]) -> Goods:
    rest = read_goods_rest(row.body)
    return Goods(
        merchant=row.merchant, goods=row.goods, version=row.version, state=row.state,
        title=row.title, tags=row.tags.split(), created=row.created, changed=row.changed,
        variants=variants, description=rest.description, image=rest.image, url=rest.url,
        points=rest.points, flaws=rest.flaws, proofs=rest.proofs,
    )  # fmt: skip
