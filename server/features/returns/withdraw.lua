-- Takes a buyer's own request to give units back away.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet timeline actions returning once
-- uses: room once timeline ledger sales coupons orders payments returns
-- durable: yes
-- keyed: yes
-- args: order user once? digest? events_max
-- returns: the order; refuses not_found conflict key_reused
-- holds: only an open request can be taken away; twice is the same as once, and with the same
-- key no later request is taken away.

local order = order_of(A.order)
if not order or order.user ~= A.user or not order.request then
  return refuse('not_found', 'You have no such request in this room.')
end
local before = done_before(A.order)
if before ~= nil then
  return before and done(order) or other_command()
end
if order.request.status == 'withdrawn' then
  remember(A.order)
  return done(order)
end
if order.request.status ~= 'asked' then
  return refuse('conflict', 'The request was ' .. order.request.status .. ' already.')
end
remember(A.order)
local now = now_ms()
close_request(order, 'withdrawn', now)
set_status(order, 'paid', now, { back = 0, request = 'withdrawn' })
settle()
return done(order)
