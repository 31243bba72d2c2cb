"""What somebody who joins is told of their coupons."""

from msgspec import Struct

from server.features.coupons.messages import Claim


class CouponMine(Struct):
    """The coupons they claimed here, the oldest first."""

    claims: list[Claim] = []
