-- Prelude of every script that shows coupons. Expects K.coupons K.coupon_counts.

-- All coupons in the order they were opened.
local function coupon_views()
  return {}
end
