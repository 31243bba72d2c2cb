-- Takes note that a payment was charged for an order.
-- keys: room events bus sales stock bought orders holds ledger stats payments refunds
-- uses: room sales orders
-- durable: yes
-- args: order payment(id of the provider) amount currency events_max
-- returns: the order; refuses not_found
-- holds: charged means the order is paid or the payment is due back; one payment counts once; a paid
-- order owns its units; a late payment gets units only if they are left, and revives no other order.

local order = order_of(A.order)
if not order then
  return refuse('not_found', 'There is no such order in this room.')
end
if redis.call('HEXISTS', K.payments, A.payment) == 1 then
  return done(order)
end
local now = now_ms()

-- Whether an order that lost its units can have them again.
local function can_have_again()
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

local function note(status)
  redis.call('HSET', K.payments, A.payment, cmsgpack.pack({ payment = A.payment,
    order = A.order, amount = A.amount, currency = A.currency, status = status, at = now }))
  count('charged:' .. A.currency, A.amount)
  if status == 'refund_due' then
    redis.call('ZADD', K.refunds, int(now), A.payment)
    count('refund_due:' .. A.currency, A.amount)
  end
  log({ k = 'payment', at = now, order = A.order, payment = A.payment, amount = A.amount,
    currency = A.currency, status = status })
end

local right = A.amount == order.total and A.currency == order.currency
local from = order.status == 'held' and 'held'
  or order.status == 'expired' and right and can_have_again() and 'left'
if right and from then
  for _, line in ipairs(order.lines) do
    shift(sale_of(line.sale), from, 'sold', line.qty)
    if from == 'left' then
      add_live(line.sale, order.user, line.qty)
    end
    mention({ t = 'sold', name = first_letter(order.name) .. '**', sku = line.sku, qty = line.qty })
  end
  note('applied')
  order.payment = A.payment
  set_status(order, 'paid', now)
else
  note('refund_due')
  if order.status == 'expired' then
    order.payment = A.payment
    set_status(order, 'refund_due', now)
  end
end
settle()
return done(order)
