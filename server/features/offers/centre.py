"""The selection centre: the offers that a host finds, each with what the goods did elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, and_, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.merchants.catalogue import goods_of_ids
from server.features.merchants.goods import Goods
from server.features.merchants.tables import GOODS, MERCHANTS, VARIANTS
from server.features.offers.offers import OpenTo, is_admitted, is_on, next_offset
from server.features.offers.samples import NONE, Names, Sample, samples_of
from server.features.offers.tables import OFFERS, PICKS
from server.features.terms.messages import Bearer
from server.records.database import Database
from server.text.folding import folded, one_case

FOUND_MAX = 50
Sort = Literal["newest", "commission"]


class Sought(NamedTuple):
    """Which offers: with each word of `text` in title, id, sku or tag of the goods, with the tag,
    of the merchant, with at least this commission (basis points), with a variant in this currency
    of a price from `price_min` to `price_max` (0: any), in this order."""

    text: str = ""
    tag: str = ""
    merchant: str = ""
    commission: int = 0
    currency: str = ""
    price_min: int = 0
    price_max: int = 0
    sort: Sort = "newest"


class OfferedGoods(Struct, frozen=True, kw_only=True):
    """The goods of an offer: `stock` free units of all variants, at prices from `price_min` to
    `price_max`, in minor units."""

    goods: str
    version: int
    title: str
    tags: list[str]
    image: str | None
    description: str
    points: list[str]
    flaws: list[str]
    variants: int
    currency: str
    price_min: int
    price_max: int
    stock: int


class FoundOffer(Struct, frozen=True, kw_only=True):
    """An offer as a host finds it. Shares in basis points, times in Unix ms.

    Terms of an offer by invitation are null until the host is `admitted`. `pick` is the host's pick
    of it; null: none. `sample` is how the goods did in the rooms of others.
    """

    merchant: str
    merchant_name: str
    offer: str
    version: int
    open_to: OpenTo
    admitted: bool
    commission: int | None
    discount: int | None
    coupon: Bearer | None
    starts: int
    ends: int
    note: str
    goods: OfferedGoods
    sample: Sample
    pick: str | None


class FoundOffers(Struct):
    """Offers, and the `cursor` of the next page. `least_orders`: a share of fewer is null."""

    offers: list[FoundOffer]
    least_orders: int
    next: int | str | None = None


class Centre:
    """Finds offers. Methods raise RecordsAway."""

    def __init__(self, records: Database, least_orders: int) -> None:
        self._records = records
        self._least = least_orders

    async def page(self, host: str, sought: Sought, offset: int, limit: int) -> FoundOffers:
        """A page of the offers that are on, or will be."""
        asked = offers_for(host, unix_ms()).where(*_conditions(sought, host))
        asked = asked.order_by(*_order(sought.sort, host)).offset(offset).limit(limit + 1)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
            found = await found_of(connection, rows[:limit], host, self._least)
        return FoundOffers(found, self._least, next_offset(rows, offset, limit))


def offers_for(host: str, now: int) -> Select[Any]:
    """The offers that a host may see, with their goods' tags and the host's pick."""
    own = and_(
        PICKS.c.host == host, PICKS.c.merchant == OFFERS.c.merchant,
        PICKS.c.offer == OFFERS.c.offer, PICKS.c.dropped == 0,
    )  # fmt: skip
    return (
        select(
            OFFERS, is_admitted(host).label("admitted"), PICKS.c.pick, GOODS.c.tags,
            MERCHANTS.c.name.label("merchant_name"),
        )
        .join(GOODS, and_(GOODS.c.merchant == OFFERS.c.merchant, GOODS.c.goods == OFFERS.c.goods))
        .join(MERCHANTS, MERCHANTS.c.merchant == OFFERS.c.merchant)
        .outerjoin(PICKS, own)
        .where(*is_on(now), GOODS.c.state == "active")
    )  # fmt: skip


async def found_of(
    connection: AsyncConnection, rows: Sequence[Row[Any]], host: str, least: int
) -> list[FoundOffer]:
    """The offers of rows of `offers_for`, with their goods and samples."""
    names = {(row.merchant, row.goods) for row in rows}
    goods: dict[Names, Goods] = {}
    for merchant in sorted({merchant for merchant, _ in names}):
        ids = sorted(each for of, each in names if of == merchant)
        for one in await goods_of_ids(connection, merchant, ids):
            goods[merchant, one.goods] = one
    samples = await samples_of(connection, names, least, host)
    return [_found(row, goods, samples) for row in rows if (row.merchant, row.goods) in goods]


def _found(
    row: Row[Any], goods: Mapping[Names, Goods], samples: Mapping[Names, Sample]
) -> FoundOffer:
    name = row.merchant, row.goods
    told: dict[str, Any] = {"commission": None, "discount": None, "coupon": None, "note": ""}
    if row.admitted:
        told = {field: getattr(row, field) for field in told}
    return FoundOffer(
        merchant=row.merchant, merchant_name=row.merchant_name, offer=row.offer,
        version=row.version, open_to=row.open_to, admitted=bool(row.admitted), starts=row.starts,
        ends=row.ends, goods=_offered(goods[name]), sample=samples.get(name, NONE), pick=row.pick,
        **told,
    )  # fmt: skip


def _offered(goods: Goods) -> OfferedGoods:
    currency = goods.variants[0].currency if goods.variants else ""
    prices = [each.price for each in goods.variants if each.currency == currency]
    return OfferedGoods(
        goods=goods.goods, version=goods.version, title=goods.title, tags=goods.tags,
        image=goods.image or next((each.image for each in goods.variants if each.image), None),
        description=goods.description, points=goods.points, flaws=goods.flaws,
        variants=len(goods.variants), currency=currency, price_min=min(prices, default=0),
        price_max=max(prices, default=0), stock=sum(each.units.stock for each in goods.variants),
    )  # fmt: skip


def _conditions(sought: Sought, host: str) -> Iterator[ColumnElement[bool]]:
    for word in folded(sought.text).split():
        yield GOODS.c.folded.contains(word, autoescape=True)
    if sought.tag:
        yield GOODS.c.tags.contains(f" {one_case(sought.tag)} ", autoescape=True)
    if sought.merchant:
        yield OFFERS.c.merchant == sought.merchant
    if sought.commission:
        yield and_(OFFERS.c.commission >= sought.commission, is_admitted(host))
    if sought.currency or sought.price_min or sought.price_max:
        yield _has_such_a_variant(sought)


def _has_such_a_variant(sought: Sought) -> ColumnElement[bool]:
    of_goods = VARIANTS.c.merchant == OFFERS.c.merchant, VARIANTS.c.goods == OFFERS.c.goods
    asked = select(VARIANTS.c.sku).where(*of_goods, VARIANTS.c.price >= sought.price_min)
    if sought.price_max:
        asked = asked.where(VARIANTS.c.price <= sought.price_max)
    if sought.currency:
        asked = asked.where(VARIANTS.c.currency == sought.currency)
    return asked.exists()


def _order(sort: Sort, host: str) -> Sequence[ColumnElement[Any]]:
    """What the host must not know, does not order either."""
    last = OFFERS.c.merchant, OFFERS.c.offer
    if sort == "commission":
        known = case((is_admitted(host), OFFERS.c.commission), else_=0)
        return known.desc(), *last
    return OFFERS.c.changed.desc(), *last
