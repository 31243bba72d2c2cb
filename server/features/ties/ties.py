"""Reads a user's ties."""

from collections.abc import Sequence
from typing import Any

from msgspec import MsgspecError, Struct, msgpack
from sqlalchemy import ColumnElement, select

from server.features.archive.tables import ROOMS
from server.features.ties.tables import CLAIMS, COUPONS, TIES
from server.records.database import Database


class Tie(Struct, frozen=True):
    """A tie that holds now: to a host, a room or a claim (`ref`), since `at` (Unix ms)."""

    kind: str
    ref: str
    at: int
    life: int


class CouponTerms(Struct, frozen=True):
    """What a coupon promises; see the protocol's Coupon."""

    title: str = ""
    currency: str = ""
    amount: int = 0
    percent: int = 0
    floor: int = 0
    ends: int = 0


class ClaimedCoupon(Struct, frozen=True, kw_only=True):
    """A coupon that a user claimed, with its room."""

    claim: str
    coupon: str
    at: int
    room: str
    host: str
    room_title: str
    terms: CouponTerms
    order: str = ""
    """The order that uses it; empty if none does."""


_TERMS = msgpack.Decoder(CouponTerms)


class Ties:
    """Reads the tables of ties. Methods may raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def of_user(self, user: str) -> list[Tie]:
        """The ties of a user that hold now, the newest first."""
        asked = select(TIES).where(TIES.c.user == user).order_by(TIES.c.at.desc())
        newest: dict[tuple[str, str], Any] = {}
        async with self._records.reading() as connection:
            for row in await connection.execute(asked):
                newest.setdefault((row.kind, row.ref), row)
        return [Tie(row.kind, row.ref, row.at, row.life) for row in newest.values() if row.on]

    async def claims(self, ties: Sequence[Tie]) -> list[ClaimedCoupon]:
        """The coupons of these claims."""
        at = {tie.ref: tie.at for tie in ties if tie.kind == "claim"}
        asked = (
            select(CLAIMS, COUPONS.c.terms, ROOMS.c.room, ROOMS.c.host, ROOMS.c.title)
            .join(ROOMS, ROOMS.c.life == CLAIMS.c.life)
            .outerjoin(
                COUPONS,
                (COUPONS.c.life == CLAIMS.c.life) & (COUPONS.c.coupon == CLAIMS.c.coupon),
            )
            .where(CLAIMS.c.claim.in_(at))
        )
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        found = [
            ClaimedCoupon(
                claim=row.claim, coupon=row.coupon, at=at[row.claim], room=row.room,
                host=row.host, room_title=row.title, terms=_terms(row.terms),
            )
            for row in rows
        ]  # fmt: skip
        return sorted(found, key=lambda claim: (-claim.at, claim.claim))


def _terms(packed: bytes | None) -> CouponTerms:
    try:
        return _TERMS.decode(packed) if packed else CouponTerms()
    except (MsgspecError, UnicodeDecodeError):
        return CouponTerms()


def held_at(kind: str, user: Any, ref: Any, at: Any) -> ColumnElement[bool]:
    """Whether a user's tie held at a time; the arguments may be columns of another table."""
    newest = (
        select(TIES.c.on)
        .where(TIES.c.kind == kind, TIES.c.user == user, TIES.c.ref == ref, TIES.c.at <= at)
        .order_by(TIES.c.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return newest.is_(True)
