"""Keeps what hosts picked: the terms are a copy, which nothing changes but the host."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, Select, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.merchants.catalogue import goods_in
from server.features.merchants.merchants import locked_merchant
from server.features.merchants.tables import GOODS, MERCHANTS
from server.features.offers.offers import (
    WHOLE,
    Offer,
    fee_of,
    is_admitted,
    must_be_active,
    next_offset,
    no_offer,
    offer_of,
)
from server.features.offers.settings import OfferSettings
from server.features.offers.tables import OFFERS, PICKS
from server.features.terms.messages import Bearer, Terms
from server.protocol.codes import CommandError
from server.protocol.fields import Id
from server.protocol.input import Input
from server.records.database import Database
from server.records.forgotten import kept_pseudonym
from server.records.upsert import insert_into
from server.store.request_key import new_id

PICKS_SHOWN_MAX = 100
_COPIED = ("commission", "discount", "coupon", "ends")


class PickBody(Input, frozen=True):
    """Names the offer that a host picks."""

    merchant: Id
    offer: Id


class Pick(Struct, frozen=True, kw_only=True):
    """A pick with its terms, as they were at `picked`. Shares in basis points, times in Unix ms.

    `version` is that of the offer. The terms hold for what is put on a shelf until `ends`.
    """

    pick: str
    host: str
    merchant: str
    offer: str
    version: int
    goods: str
    commission: int
    fee: int
    discount: int
    coupon: Bearer
    ends: int
    picked: int
    dropped: int = 0

    @property
    def terms(self) -> Terms:
        """The terms on which the host sells."""
        return Terms(self.merchant, self.goods, self.commission, self.fee, self.coupon)


class OwnPick(Struct, frozen=True, kw_only=True):
    """A pick as its host sees it. `newer` is the offer as it is now, if its terms differ and the
    host can take them; `over` says why it can't be put on a shelf; empty: it can."""

    pick: Pick
    title: str
    goods_version: int
    newer: Offer | None
    over: str


class OwnPicks(Struct):
    """A host's picks, the newest first; `next` is the `cursor` of the next page."""

    picks: list[OwnPick]
    next: int | str | None = None


class MerchantPicks(Struct):
    """Who picked a merchant's offers, the newest first, dropped ones too; `next` as above."""

    picks: list[Pick]
    next: int | str | None = None


class Picks:
    """Reads and writes picks. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database, limits: OfferSettings, platform_fee: int) -> None:
        self._records = records
        self._limits = limits
        self._platform_fee = platform_fee

    async def make(self, host: str, body: PickBody, *, renew: bool = False) -> Pick:
        """Pick an offer. Picked already, it stays on its terms unless the host wants to `renew`."""
        async with self._records.writing() as connection:
            owner = await locked_merchant(connection, body.merchant)
            known = (await connection.execute(_of_offer(host, body.merchant, body.offer))).first()
            if known is not None and not known.dropped and not renew:
                return pick_of(known)
            must_be_active(owner)
            offer = await self._open_offer(connection, host, body)
            await _must_be_sold(connection, offer)
            if known is None or known.dropped:
                await self._must_have_place(connection, host)
            fee = fee_of(owner.fee, self._platform_fee)
            values = _values(offer, fee)
            pick = new_id("pk") if known is None else known.pick
            put = insert_into(connection, PICKS).values(
                pick=pick, host=host, merchant=offer.merchant, offer=offer.offer, **values
            )
            await connection.execute(
                put.on_conflict_do_update(index_elements=["pick"], set_=values)
            )
            asked = _of_offer(host, offer.merchant, offer.offer)
            return pick_of((await connection.execute(asked)).one())

    async def renew(self, host: str, pick: str) -> Pick:
        """Take the terms of the offer as they are now."""
        known = await self.one(host, pick)
        return await self.make(host, PickBody(known.merchant, known.offer), renew=True)

    async def drop(self, host: str, pick: str) -> None:
        """Drop a pick. Products on a shelf stay there; dropping it twice is the same as once."""
        gone = update(PICKS).where(PICKS.c.pick == pick, PICKS.c.host == host)
        async with self._records.writing() as connection:
            await connection.execute(gone.where(PICKS.c.dropped == 0).values(dropped=unix_ms()))

    async def one(self, host: str, pick: str) -> Pick:
        """A pick that was not dropped. Raises CommandError `not_found`."""
        asked = _picks().where(PICKS.c.pick == pick, PICKS.c.host == host, PICKS.c.dropped == 0)
        async with self._records.reading() as connection:
            row = (await connection.execute(asked)).first()
        if row is None:
            raise CommandError(
                "not_found", f"You have no pick `{pick[:64]}`; pick the offer first."
            )
        return pick_of(row)

    async def of_host(self, host: str, offset: int, limit: int = PICKS_SHOWN_MAX) -> OwnPicks:
        """A page of a host's picks."""
        asked = _with_offers().where(PICKS.c.host == host, PICKS.c.dropped == 0)
        rows = await self._page(asked, offset, limit)
        shown = rows[:limit]
        async with self._records.reading() as connection:
            names = {(row.merchant, row.offer) for row in shown}
            open_ones = await _admitting(connection, host, names)
        found = [_own_pick(row, open_ones) for row in shown]
        return OwnPicks(found, next_offset(rows, offset, limit))

    async def of_ids(self, host: str, picks: Sequence[str]) -> dict[str, OwnPick]:
        """Those of these picks that the host has, by id; whether newer terms exist is not told."""
        asked = _with_offers().where(PICKS.c.host == host, PICKS.c.pick.in_(picks))
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return {row.pick: _own_pick(row, set()) for row in rows}

    async def of_merchant(
        self, merchant: str, offset: int, limit: int = PICKS_SHOWN_MAX
    ) -> MerchantPicks:
        """A page of the picks of a merchant's offers."""
        rows = await self._page(_picks().where(PICKS.c.merchant == merchant), offset, limit)
        found = [pick_of(row) for row in rows[:limit]]
        return MerchantPicks(found, next_offset(rows, offset, limit))

    async def _page(self, asked: Select[Any], offset: int, limit: int) -> Sequence[Row[Any]]:
        ordered = asked.order_by(PICKS.c.picked.desc(), PICKS.c.pick).offset(offset)
        async with self._records.reading() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(ordered.limit(limit + 1))).all()
        return rows

    async def _open_offer(self, connection: AsyncConnection, host: str, body: PickBody) -> Offer:
        asked = select(OFFERS, is_admitted(host).label("admitted")).where(
            OFFERS.c.merchant == body.merchant, OFFERS.c.offer == body.offer
        )
        row = (await connection.execute(asked)).first()
        if row is None:
            raise no_offer(body.merchant, body.offer)
        if not row.admitted:
            raise CommandError(
                "forbidden", f"The offer `{body.offer}` is by invitation: ask the merchant for it."
            )
        _must_be_on(offer_of(row))
        return offer_of(row)

    async def _must_have_place(self, connection: AsyncConnection, host: str) -> None:
        asked = select(func.count()).select_from(PICKS)
        count = await connection.scalar(asked.where(PICKS.c.host == host, PICKS.c.dropped == 0))
        if int(count or 0) >= self._limits.picks_max:
            raise CommandError(
                "limit_reached", f"A host has at most {self._limits.picks_max} picks; drop some."
            )


def pick_of(row: Row[Any]) -> Pick:
    """The pick of a row of PICKS."""
    return Pick(**{name: getattr(row, name) for name in Pick.__struct_fields__})


def why_over(pick: Pick, merchant_state: str | None, goods_state: str | None) -> str:
    """Say why what was picked can't be put on a shelf; empty: it can."""
    if pick.dropped:
        return "You dropped this pick."
    if pick.ends <= unix_ms():
        return "The offer has ended; pick it again if it goes on."
    if merchant_state != "active":
        return f"The merchant `{pick.merchant}` is paused."
    if goods_state != "active":
        return "The merchant has withdrawn these goods."
    return ""


async def forget_host(connection: AsyncConnection, user: str) -> None:
    """Remove what a host picked. What they offered as a merchant is closed, under the pseudonym."""
    await connection.execute(PICKS.delete().where(PICKS.c.host == user))
    values = {"merchant": await kept_pseudonym(connection, user)}
    of_picks = update(PICKS).where(PICKS.c.merchant == user)
    await connection.execute(of_picks.values(values))
    of_offers = update(OFFERS).where(OFFERS.c.merchant == user)
    await connection.execute(of_offers.values(values | {"state": "closed"}))


def _own_pick(row: Row[Any], open_ones: set[tuple[str, str]]) -> OwnPick:
    pick = pick_of(row)
    offer = None if row.offer_state is None else _offer_beside(row)
    is_newer = (
        offer is not None
        and (pick.merchant, pick.offer) in open_ones
        and any(getattr(offer, name) != getattr(pick, name) for name in _COPIED)
    )
    return OwnPick(
        pick=pick,
        title=row.title or "",
        goods_version=row.goods_version or 0,
        newer=offer if is_newer else None,
        over=why_over(pick, row.merchant_state, row.goods_state),
    )


def _offer_beside(row: Row[Any]) -> Offer:
    prefix = "offer_"
    return Offer(**{name: getattr(row, prefix + name) for name in Offer.__struct_fields__})


async def _admitting(
    connection: AsyncConnection, host: str, names: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Those of these offers that the host may pick now."""
    now = unix_ms()
    asked = select(OFFERS.c.merchant, OFFERS.c.offer).where(
        OFFERS.c.merchant.in_({merchant for merchant, _ in names}),
        OFFERS.c.offer.in_({offer for _, offer in names}),
        OFFERS.c.state == "open", OFFERS.c.starts <= now, OFFERS.c.ends > now, is_admitted(host),
    )  # fmt: skip
    return {(row.merchant, row.offer) for row in await connection.execute(asked)}


def _must_be_on(offer: Offer) -> None:
    now = unix_ms()
    if offer.state != "open" or offer.ends <= now:
        raise CommandError("ended", f"The offer `{offer.offer}` has ended.")
    if offer.starts > now:
        raise CommandError(
            "not_started", f"The offer `{offer.offer}` has not started.", offer.starts - now
        )


async def _must_be_sold(connection: AsyncConnection, offer: Offer) -> None:
    goods = await goods_in(connection, offer.merchant, offer.goods)
    if goods.state != "active":
        raise CommandError("conflict", f"The merchant has withdrawn the goods `{offer.goods}`.")


def _values(offer: Offer, fee: int) -> dict[str, Any]:
    if offer.commission + fee > WHOLE:
        raise CommandError(
            "conflict",
            f"Commission and the platform's share of `{offer.offer}` are more than the whole: the "
            "merchant has to change the offer.",
        )
    copied = {name: getattr(offer, name) for name in (*_COPIED, "version", "goods")}
    return copied | {"fee": fee, "picked": unix_ms(), "dropped": 0}


def _picks() -> Select[Any]:
    return select(PICKS)


def _of_offer(host: str, merchant: str, offer: str) -> Select[Any]:
    return _picks().where(
        PICKS.c.host == host, PICKS.c.merchant == merchant, PICKS.c.offer == offer
    )


def _with_offers() -> Select[Any]:
    offers = [OFFERS.c[name].label(f"offer_{name}") for name in Offer.__struct_fields__]
    return (
        select(
            PICKS, *offers, GOODS.c.title, GOODS.c.version.label("goods_version"),
            GOODS.c.state.label("goods_state"), MERCHANTS.c.state.label("merchant_state"),
        )
        .outerjoin(
            OFFERS, and_(OFFERS.c.merchant == PICKS.c.merchant, OFFERS.c.offer == PICKS.c.offer)
        )
        .outerjoin(
            GOODS, and_(GOODS.c.merchant == PICKS.c.merchant, GOODS.c.goods == PICKS.c.goods)
        )
        .outerjoin(MERCHANTS, MERCHANTS.c.merchant == PICKS.c.merchant)
    )  # fmt: skip
