"""The settings of coupons."""

from server.settings.section import Section, limit


class CouponSettings(Section):
    """Money off an order."""

    coupons_max: int = limit(50, 1, 1000, "Coupons in one room; whoever joins is sent them all.")
    title_chars_max: int = limit(60, 1, 200, "Longest title of a coupon.")
    quota_max: int = limit(100_000, 1, 1_000_000, "Largest number given out of one coupon.")
    per_user_max: int = limit(10, 1, 100, "Largest number one user may have of a coupon.")
    skus_max: int = limit(50, 1, 100, "Products a coupon may be limited to.")
    batch_max: int = limit(200, 1, 1000, "Claims sent to Redis in one call.")
    batch_waiting_max: int = limit(
        20_000, 1, 1_000_000, "Claims waiting on a worker; more are answered `unavailable`."
    )
