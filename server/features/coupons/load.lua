-- Adds the coupons, in the order they were opened.
-- keys: coupons coupon_counts
-- uses: coupons

loaded.coupons = coupon_views()
