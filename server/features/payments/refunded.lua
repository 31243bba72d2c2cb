-- Takes note that a payment was given back.
-- keys: room events bus sales stock payments refunds bought orders orders_of holds ledger stats waiting queued
-- uses: room ledger sales coupons orders payments
-- durable: yes
-- args: payment events_max
-- returns: the payment; refuses not_found conflict
-- holds: a payment is given back once, and only if it is due.

local payment = payment_of(A.payment)
if not payment then
  return refuse('not_found', 'There is no such payment in this room.')
end
if payment.status == 'refunded' then
  return done(payment)
end
if payment.status ~= 'refund_due' then
  return refuse('conflict', 'The payment is ' .. payment.status .. '; it is not due back.')
end
local now = now_ms()
local order = readable('order ' .. payment.order, sound_order, payment.order)
set_payment(payment, 'refunded', now)
if order and order.status == 'refund_due' and order.payment == payment.payment then
  set_status(order, 'refunded', now)
end
settle()
return done(payment)
