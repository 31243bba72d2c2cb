"""Merchants and the users who act for them, in the records."""

from typing import Any, Literal

from aiohttp import web
from msgspec import Struct, ValidationError, convert
from sqlalchemy import Row, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.features.merchants.tables import (
    GOODS,
    MEMBERS,
    MERCHANTS,
    STOCK_CHANGES,
    UNITS,
    VARIANTS,
)
from server.features.terms.messages import BasisPoints
from server.protocol.codes import CommandError
from server.protocol.fields import MERCHANT_CHARS_MAX, MerchantId, Name
from server.protocol.input import Input
from server.protocol.roles import Role
from server.records.database import Database
from server.records.forgotten import kept_pseudonym
from server.records.upsert import insert_into
from server.rooms.plain_text import must_be_visible, shown_text

State = Literal["active", "paused"]
MemberRole = Literal["owner", "staff"]
OWNER: MemberRole = "owner"


class MerchantBody(Input, frozen=True):
    """A merchant as an admin writes it. `fee` is the platform's share in basis points; null: that
    of the settings. The goods of a paused merchant can't be picked, and no units are granted."""

    name: Name
    fee: BasisPoints | None = None
    state: State = "active"


class Merchant(Struct, frozen=True, kw_only=True):
    """Who owns goods. Times in Unix ms; 0: a host who has not sold as a merchant yet."""

    merchant: str
    name: str
    state: State
    fee: int | None
    created: int
    changed: int


class MerchantsPage(Struct):
    """Merchants by id; `next` is the `cursor` of the page that follows."""

    merchants: list[Merchant]
    next: str | None = None


class MemberBody(Input, frozen=True):
    """What a member may do: `owner` changes members too."""

    role: MemberRole = "staff"


class MerchantMember(Struct, frozen=True):
    """A user who acts for a merchant, since `added` (Unix ms)."""

    user: str
    role: MemberRole
    added: int


class OwnMerchant(Struct, frozen=True):
    """A merchant that the caller acts for, and as what."""

    merchant: str
    name: str
    state: State
    role: MemberRole


class Merchants:
    """Reads and writes merchants and members. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database, members_max: int) -> None:
        self._records = records
        self._members_max = members_max

    async def read(self, merchant: str, who: Identity) -> Merchant:
        """The merchant, for somebody who may read it."""
        asked = select(MERCHANTS).where(MERCHANTS.c.merchant == merchant)
        async with self._records.reading() as connection:
            row = (await connection.execute(asked)).first()
        if row is not None:
            return _merchant(row)
        if is_own_host(who, merchant):
            return Merchant(
                merchant=merchant, name=who.name, state="active", fee=None, created=0, changed=0
            )
        raise no_merchant(merchant)

    async def put(self, merchant: str, body: MerchantBody) -> Merchant:
        """Create a merchant, or change it."""
        must_be_merchant_id(merchant)
        now = unix_ms()
        values = {
            "name": shown_text("name", body.name, 200),
            "fee": body.fee,
            "state": body.state,
            "changed": now,
        }
        async with self._records.writing() as connection:
            made = insert_into(connection, MERCHANTS).values(
                merchant=merchant, created=now, **values
            )
            await connection.execute(
                made.on_conflict_do_update(index_elements=["merchant"], set_=values)
            )
            asked = select(MERCHANTS).where(MERCHANTS.c.merchant == merchant)
            return _merchant((await connection.execute(asked)).one())

    async def page(self, after: str, limit: int) -> MerchantsPage:
        """Merchants by id, those after `after`."""
        asked = select(MERCHANTS).where(MERCHANTS.c.merchant > after)
        async with self._records.reading() as connection:
            ordered = asked.order_by(MERCHANTS.c.merchant).limit(limit + 1)
            rows = (await connection.execute(ordered)).all()
        found = [_merchant(row) for row in rows[:limit]]
        return MerchantsPage(found, found[-1].merchant if len(rows) > limit else None)

    async def of_caller(self, who: Identity) -> list[OwnMerchant]:
        """The merchants that a caller acts for: by their token first, then as a member, by id."""
        asked = (
            select(MERCHANTS.c.merchant, MERCHANTS.c.name, MERCHANTS.c.state, MEMBERS.c.role)
            .join(MEMBERS, MEMBERS.c.merchant == MERCHANTS.c.merchant)
            .where(MEMBERS.c.user == who.user)
            .order_by(MERCHANTS.c.merchant)
        )
        own = select(MERCHANTS).where(MERCHANTS.c.merchant == who.user)
        by_token = who.role is Role.MERCHANT or is_own_host(who, who.user)
        if who.rooms is not None:
            return []
        async with self._records.reading() as connection:
            found = [OwnMerchant(*row) for row in await connection.execute(asked)]
            row = (await connection.execute(own)).first() if by_token else None
        if not by_token:
            return found
        own_one = OwnMerchant(who.user, who.name, "active", OWNER)
        if row is not None:
            own_one = OwnMerchant(who.user, row.name, row.state, OWNER)
        return [own_one, *(each for each in found if each.merchant != who.user)]

    async def admits_member(self, who: Identity, request: web.Request) -> bool:
        """Whether the caller is a member of the merchant that the path names."""
        return await self._role_of(who.user, request.match_info["merchant"]) != ""

    async def admits_owner(self, who: Identity, request: web.Request) -> bool:
        """Whether the caller is an owner among its members."""
        return await self._role_of(who.user, request.match_info["merchant"]) == OWNER

    async def _role_of(self, user: str, merchant: str) -> str:
        """The role of a member; empty for who is none."""
        if not _is_merchant_id(merchant):
            return ""
        asked = select(MEMBERS.c.role).where(MEMBERS.c.merchant == merchant, MEMBERS.c.user == user)
        async with self._records.reading() as connection:
            return str(await connection.scalar(asked) or "")

    async def members(self, merchant: str) -> list[MerchantMember]:
        """The members, the first that was added first."""
        asked = select(MEMBERS.c.user, MEMBERS.c.role, MEMBERS.c.added).where(
            MEMBERS.c.merchant == merchant
        )
        async with self._records.reading() as connection:
            ordered = asked.order_by(MEMBERS.c.added, MEMBERS.c.user)
            return [MerchantMember(*row) for row in await connection.execute(ordered)]

    async def put_member(
        self, merchant: str, user: str, role: MemberRole, who: Identity
    ) -> MerchantMember:
        """Let a user act for the merchant, or change as what."""
        must_be_visible("user", user)
        async with self._records.writing() as connection:
            await locked_merchant(connection, merchant, who)
            added = await self._free_place(connection, merchant, user)
            made = insert_into(connection, MEMBERS).values(
                merchant=merchant, user=user, role=role, added=added
            )
            await connection.execute(
                made.on_conflict_do_update(index_elements=["merchant", "user"], set_={"role": role})
            )
        return MerchantMember(user, role, added)

    async def _free_place(self, connection: AsyncConnection, merchant: str, user: str) -> int:
        """Return when the member was added, now if they are new. Raises CommandError."""
        of_merchant = MEMBERS.c.merchant == merchant
        known = await connection.scalar(
            select(MEMBERS.c.added).where(of_merchant, MEMBERS.c.user == user)
        )
        if known is not None:
            return int(known)
        count = await connection.scalar(
            select(func.count()).select_from(MEMBERS).where(of_merchant)
        )
        if int(count or 0) >= self._members_max:
            raise CommandError(
                "limit_reached",
                f"A merchant has at most {self._members_max} members; remove one first.",
            )
        return unix_ms()

    async def remove_member(self, merchant: str, user: str) -> None:
        """Let a user act for the merchant no longer; who doesn't already changes nothing."""
        gone = delete(MEMBERS).where(MEMBERS.c.merchant == merchant, MEMBERS.c.user == user)
        async with self._records.writing() as connection:
            await connection.execute(gone)


async def locked_merchant(
    connection: AsyncConnection, merchant: str, who: Identity | None = None
) -> Merchant:
    """The merchant, whose goods, units and members no other transaction changes until this one
    ends. A host becomes one by what they first write. Raises CommandError `not_found`."""
    if who is not None and is_own_host(who, merchant):
        now = unix_ms()
        made = insert_into(connection, MERCHANTS).values(
            merchant=merchant, name=who.name, state="active", fee=None, created=now, changed=now
        )
        await connection.execute(made.on_conflict_do_nothing())
    asked = select(MERCHANTS).where(MERCHANTS.c.merchant == merchant).with_for_update()
    row = (await connection.execute(asked)).first()
    if row is None:
        raise no_merchant(merchant)
    return _merchant(row)


async def forget_member(connection: AsyncConnection, user: str) -> None:
    """Take a user out of all merchants. The merchant that they are themselves keeps its units under
    the pseudonym; nobody acts for it, or picks its goods, any more."""
    named = (MEMBERS.c.user == user) | (MEMBERS.c.merchant == user)
    await connection.execute(delete(MEMBERS).where(named))
    pseudonym = await kept_pseudonym(connection, user)
    more: dict[Table, dict[str, str]] = {
        MERCHANTS: {"name": pseudonym, "state": "paused"}, GOODS: {"state": "withdrawn"},
    }  # fmt: skip
    for table in (MERCHANTS, GOODS, VARIANTS, UNITS, STOCK_CHANGES):
        values = {"merchant": pseudonym} | more.get(table, {})
        await connection.execute(update(table).where(table.c.merchant == user).values(values))


def is_own_host(who: Identity, merchant: str) -> bool:
    """Whether the caller is a host and the merchant who sells the host's own goods."""
    return who.role is Role.HOST and who.user == merchant and _is_merchant_id(merchant)


def must_be_merchant_id(merchant: str) -> None:
    """Refuse an id that no merchant can have. Raises CommandError."""
    if not _is_merchant_id(merchant):
        raise CommandError(
            "bad_message",
            f"A merchant's id has 1 to {MERCHANT_CHARS_MAX} letters, digits or `_.@-`.",
        )


def no_merchant(merchant: str) -> CommandError:
    """The refusal of a merchant that is not there."""
    return CommandError(
        "not_found", f"There is no merchant `{merchant[:64]}`; an admin creates them."
    )


def _is_merchant_id(merchant: str) -> bool:
    try:
        convert(merchant, MerchantId)
    except ValidationError:
        return False
    return True


def _merchant(row: Row[Any]) -> Merchant:
    return Merchant(
        merchant=row.merchant, name=row.name, state=row.state, fee=row.fee, created=row.created,
        changed=row.changed,
    )  # fmt: skip
