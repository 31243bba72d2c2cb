-- Gives out no more of a coupon; what was given out can be used until the coupon's end.
-- keys: room events bus coupons coupon_counts ledger stats timeline actions
-- uses: room timeline coupons sales orders
-- durable: yes
-- args: coupon by? events_max
-- returns: the coupon; refuses not_found
-- holds: closing twice is the same as closing once.

local coupon = room_phase() and coupon_of(A.coupon)
if not coupon then
  return refuse('not_found', 'There is no coupon `' .. A.coupon .. '` in this room.')
end
if coupon.status ~= 'closed' then
  coupon.status, coupon.ver = 'closed', coupon.ver + 1
  redis.call('HSET', K.coupon_counts, A.coupon .. ':status', 'closed',
    A.coupon .. ':ver', int(coupon.ver))
  local now = now_ms()
  log({ k = 'coupon', at = now, what = 'closed', coupon = A.coupon, by = A.by })
  tell_room({ t = 'coupon', coupon = coupon })
  record({ k = 'coupon', at = now, what = 'closed', coupon = coupon })
  settle()
end
return done(coupon)
