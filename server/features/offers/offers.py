"""Offers of merchants: written, closed, and read by the merchant."""

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.background.clock import DAY_MS, unix_ms
from server.features.merchants.catalogue import goods_in
from server.features.merchants.goods import GoodsId
from server.features.merchants.merchants import Merchant, locked_merchant
from server.features.merchants.tables import GOODS, MERCHANTS
from server.features.offers.settings import OfferSettings
from server.features.offers.tables import OFFERS, PICKS, REQUESTS
from server.features.terms.messages import BasisPoints, Bearer
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.records.database import Database
from server.records.upsert import insert_into
from server.rooms.plain_text import plain_text

WHOLE = 10_000
"""The whole in basis points."""
OFFERS_SHOWN_MAX = 100
Note = Annotated[str, Meta(max_length=500)]
Time = Annotated[int, Meta(ge=0, le=10**14)]
OpenTo = Literal["all", "invited"]
TERMS = ("commission", "discount", "coupon", "starts", "ends", "open_to")


class OfferBody(Input, frozen=True, kw_only=True):
    """An offer as a merchant writes it.

    From `starts` (Unix ms; 0: at once) until `ends` a host who sells these goods gets `commission`,
    in basis points, and may go down with the price of a sale by `discount`, in basis points of the
    goods' price. `coupon` says who bears the money that a coupon takes off.
    """

    goods: GoodsId
    commission: BasisPoints
    ends: Time
    starts: Time = 0
    discount: BasisPoints = 0
    coupon: Bearer = "host"
    open_to: OpenTo = "all"
    note: Note = ""


class Offer(Struct, frozen=True, kw_only=True):
    """An offer as it is now. Shares in basis points, times in Unix ms.

    `version` rises with each change. Nobody can pick it any more once it is `closed`, or over.
    """

    merchant: str
    offer: str
    version: int
    goods: str
    state: Literal["open", "closed"]
    open_to: OpenTo
    commission: int
    discount: int
    coupon: Bearer
    starts: int
    ends: int
    note: str
    created: int
    changed: int


class OwnOffer(Struct, frozen=True, kw_only=True):
    """An offer as its merchant sees it: the title of its goods, and how many hosts have it picked
    now."""

    offer: Offer
    title: str
    picks: int


class OwnOffers(Struct):
    """A merchant's offers, the last changed first; `next` is the `cursor` of the next page."""

    offers: list[OwnOffer]
    next: int | str | None = None


class Offers:
    """Reads and writes a merchant's offers. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database, limits: OfferSettings, platform_fee: int) -> None:
        self._records = records
        self._limits = limits
        self._platform_fee = platform_fee

    async def put(self, merchant: str, offer: str, body: OfferBody, who: Identity) -> Offer:
        """Write an offer, or change it; what hosts picked keeps the terms it was picked with."""
        now = unix_ms()
        values = _values(body, now)
        _must_be_a_time(values["starts"], body.ends, now, self._limits.offer_days_max)
        async with self._records.writing() as connection:
            owner = await locked_merchant(connection, merchant, who)
            await self._must_be_sellable(connection, owner, body)
            known = (await connection.execute(_named(merchant, offer))).first()
            if known is None:
                await self._must_have_place(connection, merchant)
                values["created"] = now
            else:
                _must_be_of(known, body.goods)
                if body.starts == 0 and known.state == "open":
                    values["starts"] = min(known.starts, now)
                if _says_the_same(known, values):
                    return offer_of(known)
            values["version"] = 1 if known is None else known.version + 1
            await _write(connection, merchant, offer, values)
            return offer_of((await connection.execute(_named(merchant, offer))).one())

    async def close(self, merchant: str, offer: str, who: Identity) -> None:
        """Let nobody pick an offer any more. Picks go on until the end that they were told."""
        async with self._records.writing() as connection:
            await locked_merchant(connection, merchant, who)
            row = (await connection.execute(_named(merchant, offer))).first()
            if row is None:
                raise no_offer(merchant, offer)
            if row.state == "open":
                more = {"state": "closed", "version": row.version + 1, "changed": unix_ms()}
                await connection.execute(
                    OFFERS.update().where(*_is(merchant, offer)).values(**more)
                )

    async def of_merchant(
        self, merchant: str, offset: int, limit: int = OFFERS_SHOWN_MAX
    ) -> OwnOffers:
        """A page of a merchant's offers, closed ones too."""
        picks = (
            select(func.count())
            .where(
                PICKS.c.merchant == OFFERS.c.merchant,
                PICKS.c.offer == OFFERS.c.offer,
                PICKS.c.dropped == 0,
            )
            .scalar_subquery()
        )
        asked = (
            select(OFFERS, picks.label("picks"), GOODS.c.title)
            .outerjoin(
                GOODS, and_(GOODS.c.merchant == OFFERS.c.merchant, GOODS.c.goods == OFFERS.c.goods)
            )
            .where(OFFERS.c.merchant == merchant)
            .order_by(OFFERS.c.changed.desc(), OFFERS.c.offer)
            .offset(offset)
            .limit(limit + 1)
        )
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        shown = rows[:limit]
        found = [
            OwnOffer(offer=offer_of(row), title=row.title or row.goods, picks=row.picks)
            for row in shown
        ]
        return OwnOffers(found, next_offset(rows, offset, limit))

    async def _must_be_sellable(
        self, connection: AsyncConnection, owner: Merchant, body: OfferBody
    ) -> None:
        must_be_active(owner)
        goods = await goods_in(connection, owner.merchant, body.goods)
        if goods.state != "active":
            raise CommandError(
                "conflict", f"The goods `{body.goods}` are withdrawn; make them active first."
            )
        fee = fee_of(owner.fee, self._platform_fee)
        if body.commission + fee > WHOLE:
            raise CommandError(
                "conflict",
                f"`commission` can be at most {WHOLE - fee} basis points here: the platform's "
                f"share is {fee}, and together they can't be more than the whole.",
            )

    async def _must_have_place(self, connection: AsyncConnection, merchant: str) -> None:
        asked = select(func.count()).select_from(OFFERS).where(OFFERS.c.merchant == merchant)
        if int(await connection.scalar(asked) or 0) >= self._limits.offers_max:
            raise CommandError(
                "limit_reached",
                f"A merchant has at most {self._limits.offers_max} offers; change an old one.",
            )


def fee_of(own: int | None, platform: int) -> int:
    """The platform's share of a merchant's sales: the merchant's own, else that of the settings."""
    return platform if own is None else own


def must_be_active(merchant: Merchant) -> None:
    """Refuse a merchant that is paused. Raises CommandError."""
    if merchant.state != "active":
        raise CommandError(
            "conflict",
            f"The merchant `{merchant.merchant}` is paused: nothing is offered or picked until an "
            "admin lets it go on.",
        )


def offer_of(row: Row[Any]) -> Offer:
    """The offer of a row of OFFERS."""
    return Offer(**{name: getattr(row, name) for name in Offer.__struct_fields__})


async def offer_in(connection: AsyncConnection, merchant: str, offer: str) -> Offer:
    """An offer as a connection sees it. Raises CommandError `not_found`."""
    row = (await connection.execute(_named(merchant, offer))).first()
    if row is None:
        raise no_offer(merchant, offer)
    return offer_of(row)


def is_admitted(host: str) -> ColumnElement[bool]:
    """Whether a host may see the terms of an offer and pick it."""
    about = (
        REQUESTS.c.merchant == OFFERS.c.merchant,
        REQUESTS.c.offer == OFFERS.c.offer,
        REQUESTS.c.host == host,
        or_(
            and_(REQUESTS.c.kind == "invite", REQUESTS.c.status.in_(("asked", "accepted"))),
            and_(REQUESTS.c.kind == "ask", REQUESTS.c.status == "accepted", REQUESTS.c.units == 0),
        ),
    )
    return or_(
        OFFERS.c.open_to == "all",
        OFFERS.c.merchant == host,
        select(REQUESTS.c.request).where(*about).exists(),
    )


def is_on(now: int) -> Iterable[ColumnElement[bool]]:
    """The conditions under which an offer is shown: open, not over, of an active merchant."""
    return (
        OFFERS.c.state == "open",
        OFFERS.c.ends > now,
        OFFERS.c.merchant.in_(select(MERCHANTS.c.merchant).where(MERCHANTS.c.state == "active")),
    )


def next_offset(rows: Sequence[object], offset: int, most: int) -> int | None:
    """Return where the page after this one begins: `rows` are those from `offset`, and one more
    than the page's `most` if there are more."""
    return offset + most if len(rows) > most else None


def no_offer(merchant: str, offer: str) -> CommandError:
    """The refusal of an offer that is not there."""
    return CommandError("not_found", f"The merchant `{merchant[:64]}` has no offer `{offer[:64]}`.")


def _values(body: OfferBody, now: int) -> dict[str, Any]:
    fields: Collection[str] = OfferBody.__struct_fields__
    values = {name: getattr(body, name) for name in fields}
    return values | {
        "starts": body.starts or now,
        "note": plain_text(body.note),
        "state": "open",
        "changed": now,
    }


def _must_be_a_time(starts: int, ends: int, now: int, days_max: int) -> None:
    if ends <= starts:
        raise CommandError("bad_message", "The offer ends before it starts: `ends` comes later.")
    if ends <= now:
        raise CommandError("bad_message", "`ends` is in the past: give a time to come in ms.")
    if ends > now + days_max * DAY_MS:
        raise CommandError(
            "limit_reached",
            f"An offer ends within {days_max} days: so long a pick keeps its terms.",
        )


def _must_be_of(known: Row[Any], goods: str) -> None:
    if known.goods != goods:
        raise CommandError(
            "conflict",
            f"The offer `{known.offer}` is about the goods `{known.goods}`, and stays so for hosts "
            "who picked it; make another offer.",
        )


def _says_the_same(known: Row[Any], values: dict[str, Any]) -> bool:
    return all(getattr(known, name) == values[name] for name in (*TERMS, "note", "state"))


async def _write(
    connection: AsyncConnection, merchant: str, offer: str, values: dict[str, Any]
) -> None:
    put = insert_into(connection, OFFERS).values(
        {"merchant": merchant, "offer": offer, "created": 0} | values
    )
    await connection.execute(
        put.on_conflict_do_update(index_elements=["merchant", "offer"], set_=values)
    )


def _is(merchant: str, offer: str) -> tuple[ColumnElement[bool], ...]:
    return OFFERS.c.merchant == merchant, OFFERS.c.offer == offer


def _named(merchant: str, offer: str) -> Any:
    return select(OFFERS).where(*_is(merchant, offer))
