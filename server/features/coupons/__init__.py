"""Money off an order."""

from server.feature import Engine, Feature, Running
from server.features.circles.circles import Circles
from server.features.coupons import facts, ledger_lines, messages
from server.features.coupons.coupons import Coupons
from server.features.coupons.mine import CouponMine
from server.features.coupons.routes import ClaimRoutes
from server.features.coupons.settings import CouponSettings
from server.features.coupons.snapshot import CouponsPart


def _make(engine: Engine, circles: Circles) -> Running:
    coupons = Coupons(engine.store, engine.settings, circles.belonging, engine.metrics)
    return Running(
        it=coupons,
        takes=[coupons],
        closes=[coupons.aclose],
        routes=ClaimRoutes(engine.store).routes(),
    )


FEATURE = Feature(
    make=_make,
    leans_on=("circles",),
    reads=("ledger", "shelf"),
    messages=messages,
    ledger_lines=ledger_lines,
    facts=facts,
    settings={CouponSettings: "coupons"},
    part=CouponsPart,
    mine=CouponMine,
    keys={
        "coupons": "hash coupon -> packed fixed part of a Coupon",
        "coupon_counts": (
            "hash <coupon>:<counter> -> integer, counter of claimed used ver; "
            "<coupon>:status -> status"
        ),
        "claims": "hash claim -> packed Claim",
        "claims_of": "hash user -> <coupon>/<claim>, oldest first, a space before each",
    },
    people={"claims_of": "<user>"},
)
