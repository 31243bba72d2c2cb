-- Takes note of a dispute of a payment: its buyer went to their bank, or the bank has decided.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet
-- uses: room ledger sales coupons orders payments
-- durable: yes
-- args: dispute(id) what(disputed dispute_won dispute_lost) order payment amount currency reason? events_max
-- returns: {news(bool) taken}: whether it was told for the first time, and what a lost dispute took of the
-- payment; refuses not_found conflict
-- holds: each dispute is opened once and ends once, in whatever order it is told; while it is open its
-- amount stands in `disputed` of the order that its payment paid; what a lost one took counts as given
-- back, like a refund of the id `dispute:<id>`, and no more is given back than was charged. What the bank took
-- beyond that stands in the line of the case (`beyond`), and is the platform's.

local order = readable('order ' .. A.order, sound_order, A.order)
if not order then
  return refuse('not_found', 'There is no such order in this room.')
end
local payment = payment_of(A.payment)
if not payment then
  return refuse('not_found', 'There is no such payment in this room; tell of its dispute again once it is.')
end
local told = 'The dispute `' .. A.dispute .. '` of the payment `' .. A.payment .. '`'
if payment.order ~= A.order then
  return refuse('conflict', told .. ' is refused: the payment is of the order `' .. payment.order
    .. '`, and the dispute was told for `' .. A.order .. '`.')
end
if payment.currency ~= A.currency then
  return refuse('conflict', told .. ' is refused: the payment is in ' .. payment.currency
    .. ', and the dispute was told in ' .. A.currency .. '.')
end

local function case_of(what)
  local raw = redis.call('HGET', K.cases, what .. ':' .. A.dispute)
  return raw and cmsgpack.unpack(raw) or nil
end

local opened, won, lost = case_of('disputed'), case_of('dispute_won'), case_of('dispute_lost')
local known = opened or won or lost
if known and known.payment ~= A.payment then
  return refuse('conflict', told .. ' is refused: it is one of the payment `' .. known.payment .. '`.')
end
local ended = won or lost
if A.what == 'disputed' and opened and not ended and opened.amount ~= A.amount then
  return refuse('conflict', told .. ' is open already, over ' .. int(opened.amount)
    .. ' and not over ' .. int(A.amount) .. '; each dispute needs an id of its own.')
end
if ended and A.what ~= 'disputed' and ended.what ~= A.what then
  return refuse('conflict', told .. ' ended before, as '
    .. (won and 'won' or 'lost') .. '; one that follows it needs an id of its own.')
end
if ended or A.what == 'disputed' and opened then
  return done({ news = false, taken = 0 })
end

local now = now_ms()
local paid_it = order.payment == payment.payment
local open = opened and paid_it and math.min(opened.amount, order.disputed or 0) or 0
local taken, unasked = 0, nil
if A.what == 'dispute_lost' then
  local due, back = due_of(payment), back_of(payment)
  taken = math.min(A.amount, payment.amount - back)
  if taken > 0 then
    local id = 'dispute:' .. A.dispute
    unasked = positive(taken - due)
    payment.refunds = payment.refunds or {}
    payment.refunds[id] = taken
    set_payment(payment, math.max(0, due - taken), back + taken, now, false,
      { refund = id, unasked = unasked })
  end
end
if paid_it and order.status == 'refund_due' and payment.status == 'refunded' then
  order.disputed = positive((order.disputed or 0) - open)
  set_status(order, 'refunded', now)
elseif paid_it and A.what == 'disputed' and order.status == 'paid' then
  order.disputed = positive((order.disputed or 0) + A.amount)
  set_status(order, order.status, now, { back = 0, dispute = 'opened' })
elseif paid_it and (open > 0 or unasked) then
  order.disputed = positive((order.disputed or 0) - open)
  order.back = positive((order.back or 0) + (unasked or 0))
  set_status(order, order.status, now, { back = unasked or 0, dispute = string.sub(A.what, 9) })
end
note_case({ case = A.what .. ':' .. A.dispute, what = A.what, at = now, order = A.order,
  payment = A.payment, amount = A.amount, currency = A.currency, reason = A.reason },
  A.what == 'dispute_lost' and positive(A.amount - taken) or nil)
settle()
return done({ news = true, taken = taken })
