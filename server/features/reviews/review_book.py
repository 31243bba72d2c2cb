"""Reads reviews: of a product, of an author, of an owner of goods, and for the operator."""

from collections.abc import Sequence
from typing import Any

from cachetools import TTLCache
from msgspec import Struct
from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.reviews.reviews import Owner, OwnReview, Review, own_review, review_of
from server.features.reviews.tables import CARRIED, REVIEWS
from server.records.database import Database

VERSIONS_MAX = 10
"""Earlier versions of a product whose reviews it carries."""
KEPT_MAX = 2000
KEPT_S = 5.0
"""How long a worker keeps a page: a product that is pinned is looked at by thousands at once."""


class ReviewsPage(Struct, frozen=True):
    """Reviews of a product with those of the versions it replaces, or of all that a host sold; the
    newest first.

    `count` are all, `average` their stars to two decimals (0: none), `by_stars` how many gave 1 to
    5 stars. `hidden` were hidden by the operator, and count nowhere else. `next` is the `cursor` of
    the following page.
    """

    count: int
    average: float
    by_stars: list[int]
    hidden: int
    reviews: list[Review]
    next: str | None = None


class OwnReviewsPage(Struct):
    """Reviews, the newest first. `next` is the `cursor` of the following page."""

    reviews: list[OwnReview]
    next: str | None = None


class ReviewBook:
    """Reads reviews. Methods may raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records
        self._kept: TTLCache[tuple[Any, ...], ReviewsPage] = TTLCache(KEPT_MAX, KEPT_S)

    def forget_kept(self) -> None:
        """Read pages anew; other workers show a change some seconds later."""
        self._kept.clear()

    async def of_product(self, host: str, sku: str, cursor: str, limit: int) -> ReviewsPage:
        """Reviews of a host's product: of the goods it is of, or of it and what it replaces."""
        name = (host, sku, cursor, limit)
        if (kept := self._kept.get(name)) is not None:
            return kept
        async with self._records.reading() as connection:
            carried = await _carried(connection, host, sku)
            if carried is not None and carried.merchant:
                which = _of_goods(carried.merchant, carried.goods)
                page = await _page(connection, which, cursor, limit, None)
            else:
                skus = await _versions(connection, host, sku, carried)
                which = (
                    (REVIEWS.c.host == host) & REVIEWS.c.sku.in_(skus) & (REVIEWS.c.merchant == "")
                )
                page = await _page(connection, which, cursor, limit, sku)
        self._kept[name] = page
        return page

    async def of_goods(self, merchant: str, goods: str, cursor: str, limit: int) -> ReviewsPage:
        """Reviews of a merchant's goods, whoever sold them, in whichever variant."""
        name = (merchant, goods, "", cursor, limit)
        if (kept := self._kept.get(name)) is not None:
            return kept
        async with self._records.reading() as connection:
            page = await _page(connection, _of_goods(merchant, goods), cursor, limit, None)
        self._kept[name] = page
        return page

    async def of_host(self, host: str, cursor: str, limit: int) -> ReviewsPage:
        """Reviews of all that a host sold, their own and merchants' goods."""
        name = (host, None, "", cursor, limit)
        if (kept := self._kept.get(name)) is not None:
            return kept
        async with self._records.reading() as connection:
            page = await _page(connection, REVIEWS.c.host == host, cursor, limit, None)
        self._kept[name] = page
        return page

    async def of_owner(
        self, owner: Owner, cursor: str, limit: int, *, unanswered: bool
    ) -> OwnReviewsPage:
        """Reviews of all goods of an owner, or those without an answer."""
        which = owner.goods()
        return await self._own(
            which & (REVIEWS.c.answered == 0) if unanswered else which, cursor, limit
        )

    async def of_user(self, user: str, cursor: str, limit: int) -> OwnReviewsPage:
        """Return what somebody wrote."""
        return await self._own(REVIEWS.c.user == user, cursor, limit)

    async def of_all(self, cursor: str, limit: int, *, hidden: bool) -> OwnReviewsPage:
        """The hidden reviews, or all others."""
        which = REVIEWS.c.hidden != "" if hidden else REVIEWS.c.hidden == ""
        return await self._own(which, cursor, limit)

    async def _own(self, which: ColumnElement[bool], cursor: str, limit: int) -> OwnReviewsPage:
        async with self._records.reading() as connection:
            rows, after = await _newest(connection, which, cursor, limit)
        return OwnReviewsPage([own_review(row) for row in rows], after)


def _of_goods(merchant: str, goods: str) -> ColumnElement[bool]:
    return (REVIEWS.c.merchant == merchant) & (REVIEWS.c.goods == goods)


async def _carried(connection: AsyncConnection, host: str, sku: str) -> Any:
    """Return what is known of a host's product from the last room that had it on the shelf."""
    asked = select(CARRIED).where(CARRIED.c.host == host, CARRIED.c.sku == sku)
    return (await connection.execute(asked.order_by(CARRIED.c.life.desc()).limit(1))).first()


async def _versions(connection: AsyncConnection, host: str, sku: str, carried: Any) -> list[str]:
    """The sku, and those it replaces, the newest first."""
    skus = [sku]
    while carried is not None and carried.replaces and len(skus) <= VERSIONS_MAX:
        if carried.replaces in skus:
            break
        skus.append(carried.replaces)
        carried = await _carried(connection, host, carried.replaces)
    return skus


async def _page(
    connection: AsyncConnection, of: ColumnElement[bool], cursor: str, limit: int, sku: str | None
) -> ReviewsPage:
    counted = select(REVIEWS.c.stars, func.count().label("n")).group_by(REVIEWS.c.stars)
    rows = await connection.execute(counted.where(of, REVIEWS.c.hidden == ""))
    by_stars = {row.stars: int(row.n) for row in rows}
    hidden = select(func.count()).select_from(REVIEWS).where(of, REVIEWS.c.hidden != "")
    count = sum(by_stars.values())
    found, after = await _newest(connection, of & (REVIEWS.c.hidden == ""), cursor, limit)
    return ReviewsPage(
        count=count,
        average=round(sum(s * n for s, n in by_stars.items()) / count, 2) if count else 0.0,
        by_stars=[by_stars.get(stars, 0) for stars in range(1, 6)],
        hidden=int(await connection.scalar(hidden) or 0),
        reviews=[
            review_of(row, row.sku if sku is not None and row.sku != sku else "") for row in found
        ],
        next=after,
    )


async def _newest(
    connection: AsyncConnection, which: ColumnElement[bool], cursor: str, limit: int
) -> tuple[Sequence[Any], str | None]:
    place = REVIEWS.c.at, REVIEWS.c.review
    asked = select(REVIEWS).where(which).order_by(*(column.desc() for column in place))
    if cursor:
        at, _, review = cursor.partition("-")
        asked = asked.where(tuple_(*place) < (int(at), review))
    rows = (await connection.execute(asked.limit(limit + 1))).all()
    page = rows[:limit]
    return page, f"{page[-1].at}-{page[-1].review}" if len(rows) > limit else None
