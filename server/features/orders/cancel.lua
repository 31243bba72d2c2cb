-- Gives a held order back.
-- keys: room events bus sales stock bought orders orders_of holds ledger stats waiting queued unmet coupons coupon_counts claims
-- uses: room ledger sales coupons orders
-- durable: yes
-- args: order user offer_hold_s orders_per_user_max events_max
-- returns: the order; refuses not_found expired conflict
-- holds: the units come back at most once; cancelling twice is the same as cancelling once.

local order = returnable_order(A.order)
if not order or order.user ~= A.user then
  return refuse('not_found', 'You have no such order in this room.')
end
if order.status == 'cancelled' then
  return done(order)
end
if order.status == 'expired' then
  return refuse('expired', 'The hold has already ended; there is nothing to cancel.')
end
if order.status ~= 'held' then
  return refuse('conflict', 'The order is ' .. order.status .. '; only a held order can be cancelled.')
end
give_back(order, 'cancelled', now_ms())
settle()
return done(order)
