"""The fields about coupons in the reply to a join."""

from msgspec import Struct

from server.features.coupons.messages import Claim


class CouponMine(Struct):
    """The user's claims in this room, oldest first."""

    claims: list[Claim] = []
