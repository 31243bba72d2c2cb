-- Takes note that a payment was given back, whole or in part.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet
-- uses: room ledger sales coupons orders payments
-- durable: yes
-- args: payment order? currency? amount refund?(id of the refund) reason? events_max
-- returns: the payment, with `unasked` of this refund; refuses not_found conflict
-- holds: each refund counts once by its id; no more is given back than was charged. Money that nobody
-- owed leaves the order as it is, counts towards what a return will owe, and makes a case.

local payment = payment_of(A.payment)
if not payment then
  return refuse('not_found', 'There is no such payment in this room.')
end
if A.order and A.order ~= payment.order then
  return refuse('conflict', 'The payment `' .. A.payment .. '` is of the order `' .. payment.order
    .. '`, and its refund was told for `' .. A.order .. '`.')
end
if A.currency and A.currency ~= payment.currency then
  return refuse('conflict', 'The payment `' .. A.payment .. '` is in ' .. payment.currency
    .. ', and its refund was told in ' .. A.currency .. '.')
end
local refunds, id = payment.refunds or {}, A.refund or A.payment
local due, back = due_of(payment), back_of(payment)
local rest = payment.amount - back
if refunds[id] == A.amount or not payment.refunds and back > 0 and A.amount == back then
  return done(payment)   -- told before
end
local told = 'The refund of ' .. int(A.amount) .. ' of the payment `' .. A.payment .. '`'
if refunds[id] then
  return refuse('conflict', told .. ' has the id of another, of ' .. int(refunds[id])
    .. '; each refund needs an id of its own.')
end
if A.amount > rest then
  return refuse('conflict', told .. ' is refused: of ' .. int(payment.amount) .. ' charged, '
    .. int(back) .. ' went back before.')
end
if A.amount == 0 or not A.refund and A.amount < rest then
  return refuse('conflict', told .. ' is refused: ' .. int(rest)
    .. ' are left, and a refund in part needs an id of its own in `refund`.')
end
local now = now_ms()
local order = readable('order ' .. payment.order, sound_order, payment.order)
local unasked = positive(A.amount - due)
refunds[id] = A.amount
payment.refunds = refunds
set_payment(payment, math.max(0, due - A.amount), back + A.amount, now, false,
  { refund = id, unasked = unasked })
if order and order.payment == payment.payment then
  if order.status == 'refund_due' and payment.status == 'refunded' then
    set_status(order, 'refunded', now)
  elseif unasked then
    order.back = (order.back or 0) + unasked
    set_status(order, order.status, now, { back = unasked })
  end
end
if unasked then
  note_case({ case = 'refund:' .. id, what = 'unasked_refund', at = now, order = payment.order,
    payment = payment.payment, amount = unasked, currency = payment.currency, reason = A.reason })
end
settle()
payment.unasked = unasked
return done(payment)
