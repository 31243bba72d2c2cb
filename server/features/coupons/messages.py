"""The messages about coupons: commands, events, and the structs inside them."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

from server.protocol.fields import (
    CommandKey,
    Currency,
    Id,
    Money,
    Name,
    Qty,
    Seconds,
    Sku,
    Who,
)
from server.protocol.message import Command, Delivery, Event, Ok


class Coupon(Struct, frozen=True, omit_defaults=True):
    """Money off an order: `amount` in minor units or `percent` of the lines it is for.

    It applies to the lines of `skus` (none: all) of an order in `currency`, if these cost at least
    `floor`. Users of `audience` can claim it from `starts` to `ends` (0: until closed), `per_user`
    each, `quota` in all, and use it until `ends`. `claimed` counts claims; `used` counts those in
    an order that is held, paid or returned. `ver` rises with every change.
    """

    coupon: str
    title: str
    currency: str
    quota: int
    per_user: int
    audience: Who
    status: Literal["open", "closed"]
    starts: int
    ends: int
    claimed: int
    used: int
    ver: int
    amount: int = 0
    percent: int = 0
    floor: int = 0
    skus: list[str] = []


class Claim(Struct, frozen=True, omit_defaults=True):
    """One coupon given to one user. `order` uses it; empty if none does or it was given back."""

    claim: str
    coupon: str
    user: str
    at: int
    order: str = ""


class CouponOpen(Command, tag="coupon.open", frozen=True, kw_only=True):
    """Give out at most `quota` coupons of `amount` (minor units) or `percent` off."""

    title: Name
    quota: Qty
    currency: Currency
    amount: Money = 0
    percent: Annotated[int, Meta(ge=0, le=99)] = 0
    floor: Money = 0
    per_user: Annotated[int, Meta(ge=1, le=100)] = 1
    audience: Who = "all"
    starts_in_s: Seconds = 0
    lasts_s: Seconds = 0
    skus: Annotated[list[Sku], Meta(max_length=100)] = field(default_factory=list)


class CouponClose(Command, tag="coupon.close", frozen=True, kw_only=True):
    """Give out no more; those given out can still be used until the coupon's `ends`."""

    coupon: Id


class CouponClaim(Command, tag="coupon.claim", frozen=True, kw_only=True):
    """Take one coupon. The same `key` gives the same claim, for ever."""

    coupon: Id
    key: CommandKey


class CouponEvent(Event, tag="coupon", frozen=True, kw_only=True, omit_defaults=True):
    """A coupon was opened or closed: its whole state."""

    coupon: Coupon


class ClaimsEvent(Event, tag="claims", frozen=True, kw_only=True):
    """Tells everybody how many claims of a coupon were made and are used. A smaller `ver` is
    older."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    key: ClassVar[str] = "coupon"
    version: ClassVar[str] = "ver"

    coupon: str
    claimed: int
    used: int
    ver: int


class ClaimEvent(Event, tag="claim", frozen=True, kw_only=True):
    """For its owner alone: a claim was made, used in an order, or given back."""

    listed_in: ClassVar[str] = "claims"
    noun: ClassVar[str] = "claim"

    claim: Claim


class CouponOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The coupon as it is now."""

    coupon: Coupon


class ClaimOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The claim."""

    claim: Claim
