-- Takes a buyer's own request to give units back away.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet timeline actions returning
-- uses: room timeline ledger sales coupons orders payments returns
-- durable: yes
-- keyed: yes
-- args: order user events_max
-- returns: the order; refuses not_found conflict
-- holds: only an open request can be taken away; twice is the same as once.

local order = order_of(A.order)
if not order or order.user ~= A.user or not order.request then
  return refuse('not_found', 'You have no such request in this room.')
end
if order.request.status == 'withdrawn' then
  return done(order)
end
if order.request.status ~= 'asked' then
  return refuse('conflict', 'The request was ' .. order.request.status .. ' already.')
end
local now = now_ms()
close_request(order, 'withdrawn', now)
set_status(order, 'paid', now, { back = 0, request = 'withdrawn' })
settle()
return done(order)
