-- Accepts the requests that nobody answered in time, by the clock of Redis.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet timeline actions returning
-- uses: room timeline ledger sales coupons orders payments returns
-- durable: yes
-- args: batch_max offer_hold_s orders_per_user_max events_max
-- returns: {changed, next(ms, 0 = no request is open)}
-- holds: a request is accepted once, however many workers ask; units that come back by themselves are
-- not sold again before somebody has seen them; a request that can't be read waits and stops no other.

local function answerable_order(id)
  local order = sound_order(id)
  if not order or order.status ~= 'paid' or order.request.status ~= 'asked' then
    return nil
  end
  requested(order)
  for _, line in ipairs(order.lines) do
    assert(sound_sale(line.sale), 'its sale is gone')
  end
  local payment = assert(payment_of(order.payment), 'its payment is gone')
  local _ = payment.amount + due_of(payment) + back_of(payment)
  return order
end

local now = now_ms()
local changes = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.returning, '-inf', int(now), 'LIMIT', 0, A.batch_max)) do
  local bad = #damaged
  local order = readable('order ' .. id, answerable_order, id)
  if order then
    take_units(order, requested(order), false, now)
    changes = changes + 1
  else
    settle_due(K.returning, id, bad, now)
  end
end
settle()
local first = redis.call('ZRANGE', K.returning, 0, 0, 'WITHSCORES')
return done({ changed = changes, next = tonumber(first[2]) or 0 })
