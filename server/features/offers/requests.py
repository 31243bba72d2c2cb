"""Keeps what hosts ask of merchants, and merchants of hosts: short messages with an answer."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.background.clock import DAY_MS, unix_ms
from server.features.allotments.allotments import Allotments, Grant
from server.features.merchants.catalogue import goods_in
from server.features.merchants.goods import GoodsId, VariantSku
from server.features.merchants.merchants import locked_merchant
from server.features.offers.offers import is_on, next_offset, no_offer, offer_in
from server.features.offers.settings import OfferSettings
from server.features.offers.tables import OFFERS, REQUESTS
from server.protocol.codes import CommandError
from server.protocol.fields import Id, Units, User
from server.protocol.input import Input
from server.records.database import Database
from server.rooms.plain_text import plain_text
from server.store.request_key import new_id

REQUESTS_SHOWN_MAX = 100
Kind = Literal["ask", "invite"]
Side = Literal["host", "merchant"]
Status = Literal["asked", "accepted", "declined", "withdrawn"]
Message = Annotated[str, Meta(max_length=500)]
UntilTime = Annotated[int, Meta(ge=0, le=10**14, description="Unix ms")]
_ASKER: dict[Kind, Side] = {"ask": "host", "invite": "merchant"}


class AskBody(Input, frozen=True, kw_only=True):
    """What a host asks of a merchant: to be let in to an `offer`, or an offer of `goods`; with
    `units`, that so many of the variant `sku` are granted."""

    merchant: Id
    offer: Id | None = None
    goods: GoodsId | None = None
    sku: VariantSku | None = None
    units: Units = 0
    text: Message = ""


class InviteBody(Input, frozen=True, kw_only=True):
    """Which host a merchant invites to which offer. Who is invited may pick it at once."""

    host: User
    offer: Id
    text: Message = ""


class RequestAnswer(Input, frozen=True):
    """What becomes of a request, with a sentence; units that were asked for are granted `until` a
    time (ms)."""

    accept: bool
    answer: Message = ""
    until: UntilTime | None = None


class Request(Struct, frozen=True, kw_only=True):
    """What was asked, and the answer. Times in Unix ms; empty texts: it is not about that.

    An `ask` is a host's and answered by the merchant, an `invite` the other way round. Whoever
    asked can withdraw it; whoever answered can change the answer, but no pick that was made and no
    units that were granted.
    """

    request: str
    kind: Kind
    merchant: str
    host: str
    offer: str
    goods: str
    sku: str
    units: int
    status: Status
    text: str
    answer: str
    asked: int
    changed: int


class RequestsPage(Struct):
    """Requests, the last changed first; `next` is the `cursor` of the next page."""

    requests: list[Request]
    next: int | str | None = None


class Requests:
    """Reads and writes requests. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database, limits: OfferSettings, allotments: Allotments) -> None:
        self._records = records
        self._a_day = limits.requests_per_pair_day
        self._allotments = allotments

    async def ask(self, host: str, body: AskBody) -> Request:
        """Ask a merchant; what is asked already and not answered is not asked twice."""
        if body.offer is None and body.goods is None:
            raise CommandError("bad_message", "Name the `offer` or the `goods` that you ask for.")
        if (body.sku is None) != (body.units == 0):
            raise CommandError("bad_message", "Send `sku` and `units` together, or neither.")
        async with self._records.writing() as connection:
            await locked_merchant(connection, body.merchant)
            goods = await self._goods_asked_for(connection, body)
            about = {
                "merchant": body.merchant, "host": host, "kind": "ask", "offer": body.offer or "",
                "goods": goods, "sku": body.sku or "",
            }  # fmt: skip
            return await self._open(connection, about, body.text, body.units)

    async def invite(self, merchant: str, body: InviteBody, who: Identity) -> Request:
        """Invite a host to an offer."""
        if body.host == merchant:
            raise CommandError("bad_message", "A merchant can't invite themselves.")
        async with self._records.writing() as connection:
            await locked_merchant(connection, merchant, who)
            offer = await offer_in(connection, merchant, body.offer)
            if offer.state != "open" or offer.ends <= unix_ms():
                raise CommandError("ended", f"The offer `{body.offer}` has ended.")
            about = {
                "merchant": merchant, "host": body.host, "kind": "invite", "offer": body.offer,
                "goods": offer.goods, "sku": "",
            }  # fmt: skip
            return await self._open(connection, about, body.text, 0)

    async def of(
        self, side: Side, party: str, offset: int, limit: int = REQUESTS_SHOWN_MAX
    ) -> RequestsPage:
        """A page of the requests of a host or a merchant, both ways."""
        asked = (
            select(REQUESTS)
            .where(REQUESTS.c[side] == party)
            .order_by(REQUESTS.c.changed.desc(), REQUESTS.c.request.desc())
            .offset(offset)
            .limit(limit + 1)
        )
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        found = [_request(row) for row in rows[:limit]]
        return RequestsPage(found, next_offset(rows, offset, limit))

    async def answer(self, side: Side, party: str, request: str, body: RequestAnswer) -> Request:
        """Accept or decline what the other side asked; a later answer replaces the first.

        Units that are asked for are granted with the first answer that accepts, or nothing is
        answered: CommandError `conflict` if there are too few.
        """
        status: Status = "accepted" if body.accept else "declined"
        async with self._records.writing() as connection:
            known = await _locked(connection, side, party, request)
            if _ASKER[known.kind] == side:
                raise CommandError("forbidden", "You asked this: the other side answers it.")
            if known.status == "withdrawn":
                raise CommandError("conflict", "It was withdrawn; there is nothing to answer.")
            await self._grant_units(connection, known, body)
            more = {"status": status, "answer": plain_text(body.answer)}
            return await _change(connection, known, more)

    async def _grant_units(
        self, connection: AsyncConnection, known: Request, body: RequestAnswer
    ) -> None:
        if not (known.units and body.accept):
            if body.until is not None:
                raise CommandError(
                    "bad_message", "Leave out `until`: this answer grants no units that would end."
                )
        else:
            until = body.until or self._allotments.usual_end()
            grant = Grant(sku=known.sku, host=known.host, units=known.units, until=until)
            allotment = f"a{known.request}"  # one for ever, however often it is accepted
            await self._allotments.grant_within(connection, known.merchant, grant, allotment)

    async def withdraw(self, side: Side, party: str, request: str) -> None:
        """Take back what one's own side asked; an invitation then lets nobody in any more."""
        async with self._records.writing() as connection:
            known = await _locked(connection, side, party, request)
            if _ASKER[known.kind] != side:
                raise CommandError("forbidden", "The other side asked this: decline it instead.")
            if known.status != "withdrawn":
                await _change(connection, known, {"status": "withdrawn"})

    async def _goods_asked_for(self, connection: AsyncConnection, body: AskBody) -> str:
        if body.offer is not None:
            on = OFFERS.c.merchant == body.merchant, OFFERS.c.offer == body.offer
            asked = select(OFFERS.c.goods).where(*on, *is_on(unix_ms()))
            goods = await connection.scalar(asked)
            if goods is None:
                raise no_offer(body.merchant, body.offer)
            if body.goods not in (None, goods):
                raise CommandError(
                    "bad_message", f"The offer `{body.offer}` is about the goods `{goods}`."
                )
        else:
            goods = body.goods
        found = await goods_in(connection, body.merchant, str(goods))
        if body.sku is not None and body.sku not in {each.sku for each in found.variants}:
            raise CommandError("not_found", f"`{goods}` has no variant `{body.sku}`.")
        return str(goods)

    async def _open(
        self, connection: AsyncConnection, about: dict[str, Any], text: str, units: int
    ) -> Request:
        of_it = [REQUESTS.c[name] == value for name, value in about.items()]
        open_one = select(REQUESTS).where(*of_it, REQUESTS.c.status == "asked")
        row = (await connection.execute(open_one)).first()
        if row is not None:
            return _request(row)
        await self._must_have_place(connection, about)
        now = unix_ms()
        values = about | {
            "request": new_id("rq"), "units": units, "status": "asked", "text": plain_text(text),
            "answer": "", "asked": now, "changed": now,
        }  # fmt: skip
        await connection.execute(insert(REQUESTS).values(values))
        return Request(**values)

    async def _must_have_place(self, connection: AsyncConnection, about: dict[str, Any]) -> None:
        now = unix_ms()
        pair = [REQUESTS.c[name] == about[name] for name in ("merchant", "host", "kind")]
        lately = select(func.count(), func.min(REQUESTS.c.asked)).where(
            *pair, REQUESTS.c.asked > now - DAY_MS
        )
        count, first = (await connection.execute(lately)).one()
        if count >= self._a_day:
            raise CommandError(
                "rate_limited",
                f"`{about['host']}` and `{about['merchant']}` have had {count} requests of this "
                "kind in a day; wait for answers first.",
                max(1, first + DAY_MS - now),
            )


class OldRequests:
    """Requests that nobody changed for a long time. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def count(self, before: int) -> int:
        """Return how many were last changed before a time (ms)."""
        asked = select(func.count()).select_from(REQUESTS).where(REQUESTS.c.changed < before)
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        some = select(REQUESTS.c.request).where(REQUESTS.c.changed < before).limit(most)
        async with self._records.writing() as connection:
            ids = (await connection.scalars(some)).all()
            gone = delete(REQUESTS).where(REQUESTS.c.request.in_(ids), REQUESTS.c.changed < before)
            return int((await connection.execute(gone)).rowcount)


async def forget_requests(connection: AsyncConnection, user: str) -> None:
    """Remove what was asked of a host or a merchant, and by them."""
    named = (REQUESTS.c.host == user) | (REQUESTS.c.merchant == user)
    await connection.execute(delete(REQUESTS).where(named))


async def _locked(connection: AsyncConnection, side: Side, party: str, request: str) -> Request:
    of_party: Sequence[ColumnElement[bool]] = (
        REQUESTS.c.request == request,
        REQUESTS.c[side] == party,
    )
    row = (await connection.execute(select(REQUESTS).where(*of_party).with_for_update())).first()
    if row is None:
        raise CommandError("not_found", f"You have no request `{request[:64]}`.")
    return _request(row)


async def _change(connection: AsyncConnection, known: Request, more: dict[str, Any]) -> Request:
    of_it = REQUESTS.c.request == known.request
    await connection.execute(update(REQUESTS).where(of_it).values(changed=unix_ms(), **more))
    return _request((await connection.execute(select(REQUESTS).where(of_it))).one())


def _request(row: Row[Any]) -> Request:
    return Request(**{name: getattr(row, name) for name in Request.__struct_fields__})
