"""The structs about terms, and about what was picked."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
"""Hundredths of a percent: 10,000 is the whole."""

Bearer = Literal["host", "merchant", "platform"]
"""Who bears what a coupon takes off."""


class Terms(Struct, frozen=True, omit_defaults=True):
    """On which terms a host sells a merchant's goods; frozen into each order line when it is held.

    `fee` goes to the platform and `commission` to the host, both in basis points of what the owner
    of the goods takes in; the rest is the owner's. `coupon` says who bears the money that a coupon
    takes off (docs/money.md). Without a `merchant` the host owns the goods.
    """

    merchant: str
    goods: str
    commission: BasisPoints = 0
    fee: BasisPoints = 0
    coupon: Bearer = "host"


class Picked(Struct, frozen=True, omit_defaults=True):
    """Of what a picked product on the shelf was made: the pick, and which version of the goods.

    `points` are the merchant's; others on the shelf are the host's own. `lowest` is the least price
    of one unit at which a sale may open. With `why` it is not on the shelf: a room that took over
    the shelf of an earlier one left it out, for that reason.
    """

    pick: str
    merchant: str
    goods: str
    version: int
    title: str = ""
    lowest: int = 0
    points: list[str] = []
    why: str = ""
