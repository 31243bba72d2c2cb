-- Holds units for a batch of buyers, in the order given; while a sale gathers its draw they wait.
-- keys: room events bus sales stock due once draws entries bought orders orders_of holds ledger stats waiting queued unmet coupons coupon_counts claims
-- uses: room ledger sales coupons orders buying
-- durable: yes
-- args: buys=[{user name source? meta? claim? at_most? once(field) digest order(id) lines=[{sale qty}]}] orders_per_user_max
--   entries_max offer_hold_s events_max
-- returns: per buy {order}, {wait_ms} (ask again then) or {err msg retry_ms?}; refuses not_found
-- holds: a refused buy changes nothing but that `unmet` has who found nothing left; the same `once` field gives the same order for ever; a buyer
-- has one entry in a draw; no more than `left` is held and no buyer's live units pass per_user; a
-- claim is in one live order.

if not phase then
  return no_room()
end
draw_first(A.buys)
read_ahead(A.buys)
local outcomes = { array_head(#A.buys) }
for i, buy in ipairs(A.buys) do
  outcomes[i + 1] = outcome(buy)
end
settle_buys()
publish()
return reply(table.concat(outcomes))
