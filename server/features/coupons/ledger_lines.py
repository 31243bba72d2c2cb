"""The lines that coupons write to the ledger."""

from typing import Literal

from msgspec import Struct

from server.protocol.fields import Who
from server.rooms.ledger_lines import LedgerLine


class CouponTerms(Struct, frozen=True, omit_defaults=True):
    """What a coupon promises; its terms never change. `starts` and `ends` in Unix ms."""

    coupon: str
    title: str
    currency: str
    quota: int
    per_user: int
    audience: Who
    starts: int
    ends: int
    amount: int = 0
    percent: int = 0
    floor: int = 0
    skus: list[str] = []


class CouponOpenedLine(LedgerLine, tag="coupon", frozen=True, kw_only=True, omit_defaults=True):
    """A coupon is given out."""

    what: Literal["opened"]
    coupon: str
    terms: CouponTerms
    by: str = ""


class CouponClaimedLine(LedgerLine, tag="coupon", frozen=True, kw_only=True, omit_defaults=True):
    """A user got a coupon."""

    what: Literal["claimed"]
    coupon: str
    claim: str
    user: str


class CouponClosedLine(LedgerLine, tag="coupon", frozen=True, kw_only=True, omit_defaults=True):
    """No more of a coupon are given out."""

    what: Literal["closed"]
    coupon: str
    by: str = ""
