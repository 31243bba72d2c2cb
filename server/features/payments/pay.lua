-- Takes note that a payment was charged for an order.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued coupons coupon_counts claims
-- uses: room ledger sales coupons orders payments
-- durable: yes
-- args: order payment(id of the provider) amount currency events_max
-- returns: the order; refuses not_found, conflict (the payment is known for another order)
-- holds: charged means the order is paid or the payment is due back; one payment counts once; a paid
-- order owns its units; a late payment gets units only if they are left and its coupon is free, and
-- revives no other order.

local order = order_of(A.order)
if not order then
  return refuse('not_found', 'There is no such order in this room.')
end
if order.practice and A.payment ~= 'practice-' .. order.order then
  return refuse('conflict', 'The order `' .. order.order .. '` was made in a practice: nobody pays for it.')
end
local known = payment_of(A.payment)
if known and known.order ~= A.order then
  return refuse('conflict', 'The payment told for the order `' .. A.order .. '` is known already, for `'
    .. known.order .. '`; each payment needs an id of its own.')
end
if known then
  return done(order)
end
local now = now_ms()

-- Whether an expired order can get its units and its coupon again.
local function can_have_again()
  local claim = order.claim and claim_of(order.claim)
  if claim and (claim.order ~= '' or not can_be_used(coupon_of(claim.coupon), now)) then
    return false
  end
  for _, line in ipairs(order.lines) do
    local sale = sale_of(line.sale)
    if sale.left < line.qty
      or live_units(line.sale, order.user) + line.qty > sale.per_user then
      return false
    end
  end
  return true
end

local function first_letter(name)
  return string.match(name, '^[%z\1-\127\194-\244][\128-\191]*') or ''
end

local right = A.amount == order.total and A.currency == order.currency
local from = order.status == 'held' and 'held'
  or order.status == 'expired' and right and can_have_again() and 'left'
local payment = { payment = A.payment, order = A.order, amount = A.amount, currency = A.currency }
if right and from then
  for _, line in ipairs(order.lines) do
    shift(sale_of(line.sale), from, 'sold', line.qty)
    if from == 'left' then
      add_live(line.sale, order.user, line.qty)
    end
    mention({ t = 'sold', name = first_letter(order.name) .. '**', sku = line.sku, qty = line.qty })
  end
  set_payment(payment, 0, 0, now)
  order.payment, order.paid = A.payment, now
  set_status(order, 'paid', now)
  if from == 'left' and order.claim then
    put_claim(order.claim, order.order)
  end
else
  set_payment(payment, A.amount, 0, now, true)
  if order.status == 'expired' then
    order.payment = A.payment
    set_status(order, 'refund_due', now)
    if payment.status == 'refunded' then   -- the order was free
      set_status(order, 'refunded', now)
    end
  end
end
settle()
return done(order)
