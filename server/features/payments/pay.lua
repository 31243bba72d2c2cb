-- Takes note of payments that were charged for orders, in the order given.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet coupons coupon_counts claims
-- uses: room ledger sales coupons orders payments
-- durable: yes
-- args: pays=[{order payment(id of the provider) amount currency}] events_max
-- returns: per pay {order} or {err msg}: not_found, conflict (the payment is known for another order), internal
-- holds: charged means the order is paid or the payment is due back; one payment counts once; a paid
-- order owns its units; a late payment gets units only if they are left and its coupon is free, and
-- revives no other order. A batch gives what its pays give one by one: one that is refused or can't be
-- read changes nothing.

local SOLD_TOLD_MAX = 20   -- `sold` is a sample: more of them in one call than anybody reads are left out

local now = now_ms()
local sold = {}

-- Whether an expired order can get its units and its coupon again.
local function can_have_again(order)
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

-- The counter that an order's units come from if it is paid now; nil if they can't be had. An error
-- if what it needs can't be read: nothing is written yet.
local function source_of(order)
  if order.status == 'expired' then
    returnable_order(order.order)
    return can_have_again(order) and 'left' or nil
  elseif order.status == 'held' then
    for _, line in ipairs(order.lines) do
      assert(sound_sale(line.sale), 'its sale is gone')
    end
    return 'held'
  end
end

-- What a pay finds: a packed refusal `no`, or the `order`, whether it was `told` before, and `from`,
-- the counter of its units, if it pays the order. It writes nothing.
local function judge(pay)
  local order = sound_order(pay.order)
  if not order then
    return { no = refuse('not_found', 'There is no such order in this room.') }
  end
  if order.practice and pay.payment ~= 'practice-' .. order.order then
    return { no = refuse('conflict', 'The order `' .. order.order
      .. '` was made in a practice: nobody pays for it.') }
  end
  local known = payment_of(pay.payment)
  if known and known.order ~= pay.order then
    return { no = refuse('conflict', 'The payment told for the order `' .. pay.order
      .. '` is known already, for `' .. known.order .. '`; each payment needs an id of its own.') }
  end
  must_be_text(order.name, 'name')
  local _ = (order.updated or 0) + 1
  local right = pay.amount == order.total and pay.currency == order.currency
  return { order = order, told = known, from = not known and right and source_of(order) }
end

local function sell(order, from, payment)
  for _, line in ipairs(order.lines) do
    shift(sale_of(line.sale), from, 'sold', line.qty)
    if from == 'left' then
      add_live(line.sale, order.user, line.qty)
    end
    sold[#sold + 1] = { order = order, line = line }
  end
  set_payment(payment, 0, 0, now)
  order.payment, order.paid = payment.payment, now
  set_status(order, 'paid', now)
  if from == 'left' and order.claim then
    put_claim(order.claim, order.order)
  end
end

-- Notes that all of a payment has to go back, for it pays no order.
local function owe(order, payment)
  set_payment(payment, payment.amount, 0, now, true)
  if order.status == 'expired' then
    order.payment = payment.payment
    set_status(order, 'refund_due', now)
    if payment.status == 'refunded' then   -- the order was free
      set_status(order, 'refunded', now)
    end
  end
end

-- The packed outcome of a pay.
local function outcome(pay)
  local found = readable('pay of order ' .. pay.order, judge, pay)
  if not found then
    return refuse('internal', 'What is stored for the order `' .. pay.order .. '` can not be read, so the '
      .. 'payment was not noted; the operator was told.')
  elseif found.no then
    return found.no
  elseif not found.told then
    local payment = { payment = pay.payment, order = pay.order, amount = pay.amount,
      currency = pay.currency }
    if found.from then
      sell(found.order, found.from, payment)
    else
      owe(found.order, payment)
    end
  end
  return AN_ORDER .. order_bytes(pay.order)
end

-- Tells the room of what was sold, evenly over the batch.
local function mention_sold()
  local told = math.min(#sold, SOLD_TOLD_MAX)
  for n = 1, told do
    local at = sold[math.ceil(n * #sold / told)]
    mention({ t = 'sold', name = masked(at.order.name), sku = at.line.sku,
      qty = at.line.qty })
  end
end

read_orders_ahead(A.pays)
local outcomes = { array_head(#A.pays) }
for i, pay in ipairs(A.pays) do
  outcomes[i + 1] = outcome(pay)
end
mention_sold()
settle()
publish()
return reply(table.concat(outcomes))
