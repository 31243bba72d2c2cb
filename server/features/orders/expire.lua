-- Ends the holds whose deadline has passed, by the clock of Redis.
-- keys: room events bus sales stock bought orders orders_of holds ledger stats waiting queued unmet coupons coupon_counts claims
-- uses: room ledger sales coupons orders
-- durable: yes
-- args: batch_max offer_hold_s orders_per_user_max events_max
-- returns: {changed, next(ms, 0 = nothing is held)}
-- holds: an order leaves `held` once, however many workers ask; its stock comes back once; an order
-- that can't be read waits and stops no other.

local now = now_ms()
local changes = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.holds, '-inf', int(now), 'LIMIT', 0, A.batch_max)) do
  local bad = #damaged
  local order = readable('order ' .. id, returnable_order, id)
  if order and order.status == 'held' then
    give_back(order, 'expired', now)
    changes = changes + 1
  else
    settle_due(K.holds, id, bad, now)
  end
end
settle()
local first = redis.call('ZRANGE', K.holds, 0, 0, 'WITHSCORES')
return done({ changed = changes, next = tonumber(first[2]) or 0 })
