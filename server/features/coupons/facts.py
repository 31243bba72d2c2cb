"""The facts that the timeline keeps about coupons."""

from typing import Literal

from server.features.coupons.messages import Coupon
from server.rooms.facts import Fact


class CouponFact(Fact, tag="coupon", frozen=True, kw_only=True):
    """A coupon was opened or closed; what was claimed of it stands in the ledger alone."""

    what: Literal["opened", "closed"]
    coupon: Coupon
