"""A coupon is opened, claimed, spent, and closed."""

from server.features.coupons.messages import CouponClaim, CouponClose, CouponOpen
from server.features.orders.messages import Buy, Cancel
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    sale = await stage.sale()
    terms = CouponOpen(ref=1, title="Ten off", quota=5, currency="CNY", percent=10)
    coupon = (await stage.do(terms)).coupon.coupon
    claim = (await stage.do(CouponClaim(ref=1, coupon=coupon, key="coupons-a"), ANN)).claim.claim
    await stage.do(CouponClaim(ref=1, coupon=coupon, key="coupons-b"), BEN)
    order = (
        await stage.do(Buy(ref=1, key="coupons-k", sale=sale.sale, claim=claim), ANN)
    ).order.order
    await stage.do(Cancel(ref=1, order=order), ANN)
    await stage.do(CouponClose(ref=1, coupon=coupon))
