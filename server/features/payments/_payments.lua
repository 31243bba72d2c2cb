-- Prelude: money. Comes after orders; expects K.payments K.refunds.
-- A payment is `applied` (it paid its order), `refund_due` or `refunded`.

local function payment_of(id)
  local raw = redis.call('HGET', K.payments, id)
  return raw and cmsgpack.unpack(raw) or nil
end

local function set_payment(payment, status, now)
  local was, field = payment.status, ':' .. payment.currency
  if not was then
    count('charged' .. field, payment.amount)
  elseif was == 'refund_due' then
    count('refund_due' .. field, -payment.amount)
    redis.call('ZREM', K.refunds, payment.payment)
  end
  if status ~= 'applied' then
    count(status .. field, payment.amount)
  end
  if status == 'refund_due' then
    redis.call('ZADD', K.refunds, int(now), payment.payment)
  end
  payment.status, payment.at = status, now
  redis.call('HSET', K.payments, payment.payment, cmsgpack.pack(payment))
  log({ k = 'payment', at = now, was = was, payment = payment })
end
