-- Answers the request to give units back: accepted, they come back; declined, nothing changes.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet timeline actions returning once
-- uses: room once timeline ledger sales coupons orders payments returns
-- durable: yes
-- keyed: yes
-- args: order accept(bool) restock(bool) answer once? digest? by? offer_hold_s orders_per_user_max events_max
-- returns: the order; refuses not_found conflict key_reused
-- holds: a request is answered once; the same answer again is the same as once, and with the same key it
-- never answers a later request.

local order = order_of(A.order)
if not order then
  return refuse('not_found', 'There is no such order in this room.')
end
local before = done_before(A.order)
if before ~= nil then
  return before and done(order) or other_command()
end
local request, outcome = order.request, A.accept and 'accepted' or 'declined'
if not request then
  return refuse('not_found', 'The buyer has not asked to give this order back.')
end
if request.status == outcome then
  remember(A.order)
  return done(order)
end
if request.status ~= 'asked' then
  return refuse('conflict', 'The request was ' .. request.status .. ' already.')
end
remember(A.order)
local now, words = now_ms(), A.answer ~= '' and A.answer or nil
if A.accept then
  take_units(order, requested(order), A.restock and true or false, now, words)
else
  close_request(order, outcome, now, words)
  set_status(order, 'paid', now, { back = 0, request = outcome })
  record({ k = 'return_declined', at = now, order = order.order, user = order.user, answer = words })
end
settle()
return done(order)
