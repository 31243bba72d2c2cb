"""Coupons in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from server.features.coupons.messages import ClaimsEvent, Coupon, CouponEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Coupons(Struct):
    coupons: list[Coupon] = []


class CouponsPart(Part):
    """The coupons in the order they were opened."""

    Loaded = View = _Coupons

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.coupons: dict[str, Coupon] = {coupon.coupon: coupon for coupon in loaded.coupons}

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {CouponEvent: self._coupon, ClaimsEvent: self._claims}

    def view(self) -> Mapping[str, Any]:
        return {"coupons": list(self.coupons.values())}

    def values(self) -> Iterable[Event]:
        for coupon in self.coupons.values():
            yield ClaimsEvent(
                coupon=coupon.coupon, claimed=coupon.claimed, used=coupon.used, ver=coupon.ver
            )

    def _coupon(self, event: CouponEvent) -> None:
        new, known = event.coupon, self.coupons.get(event.coupon.coupon)
        if known is not None and known.ver > new.ver:  # `claims` may overtake it
            new = msgspec.structs.replace(
                new, claimed=known.claimed, used=known.used, ver=known.ver
            )
        self.coupons[new.coupon] = new

    def _claims(self, event: ClaimsEvent) -> None:
        known = self.coupons.get(event.coupon)
        if known is not None and event.ver > known.ver:
            self.coupons[event.coupon] = msgspec.structs.replace(
                known, claimed=event.claimed, used=event.used, ver=event.ver
            )
