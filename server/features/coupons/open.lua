-- Opens a coupon: from now, or later, viewers may claim it.
-- keys: room events bus coupons coupon_counts ledger stats timeline actions
-- uses: room timeline ledger coupons
-- durable: yes
-- keyed: yes
-- args: coupon(id) title currency quota per_user audience starts_in_s lasts_s(0 = until closed)
--   amount percent(exactly one of them > 0) floor skus coupons_max by? events_max
-- returns: the coupon; refuses not_found ended limit_reached
-- holds: the same coupon id again returns the same coupon; its terms never change.

local at = room_at()
if not at.phase then
  return no_room()
end
local known = coupon_of(A.coupon)
if known then
  return done(known)
end
if at.phase == 'ended' and not at.sells then
  return refuse('ended', 'The stream of this room has ended; nothing more is sold in it.')
end
local n = redis.call('HLEN', K.coupons)
if n >= A.coupons_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.coupons_max)
    .. ' coupons, and this one has.')
end

local now = now_ms()
local starts = now + A.starts_in_s * 1000
local coupon = { coupon = A.coupon, title = A.title, currency = A.currency, quota = A.quota,
  per_user = A.per_user, audience = A.audience, starts = starts,
  ends = A.lasts_s > 0 and starts + A.lasts_s * 1000 or 0, amount = A.amount,
  percent = A.percent, floor = A.floor, skus = A.skus }
log({ k = 'coupon', at = now, what = 'opened', coupon = A.coupon, terms = coupon, by = A.by })
coupon.n = n + 1
redis.call('HSET', K.coupons, A.coupon, cmsgpack.pack(coupon))
redis.call('HSET', K.coupon_counts, A.coupon .. ':claimed', 0, A.coupon .. ':used', 0,
  A.coupon .. ':ver', 0, A.coupon .. ':status', 'open')
coupon = coupon_view(A.coupon)
tell_room({ t = 'coupon', coupon = coupon })
record({ k = 'coupon', at = now, what = 'opened', coupon = coupon })
settle_coupons()
write_ledger()
return done(coupon)
