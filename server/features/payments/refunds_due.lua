-- Takes the payments whose refund is to be tried now, and puts their next try off.
-- keys: room payments refunds cases ledger stats
-- uses: room ledger payments
-- durable: yes
-- args: lease_ms batch_max
-- returns: list of {payment order amount currency back} of which `amount` is due, `back` having been given
-- back before; with `practice` if the room is one: then no provider has the money
-- holds: no money is given back for what a failover may undo; within lease_ms no other worker takes the
-- same payment; one that can't be read waits and stops no other.

local function sound_payment(id)
  local payment = cmsgpack.unpack(redis.call('HGET', K.payments, id) or error('it is gone', 0))
  local _ = payment.amount + payment.at + due_of(payment) + back_of(payment)
  assert(payment.payment == id, 'it has the id of another payment')
  for _, name in ipairs({ 'order', 'currency', 'status' }) do
    assert(type(payment[name]) == 'string', 'it has no `' .. name .. '`')
  end
  return payment
end

local practice = redis.call('HGET', K.room, 'practice') == '1'
local now, taken = now_ms(), {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.refunds, '-inf', int(now), 'LIMIT', 0, A.batch_max)) do
  local payment = readable('payment ' .. id, sound_payment, id)
  if payment then
    taken[#taken + 1] = { payment = payment.payment, order = payment.order,
      amount = due_of(payment), currency = payment.currency, back = back_of(payment),
      practice = practice }
  end
  redis.call('ZADD', K.refunds, int(now + (payment and A.lease_ms or LATER_MS)), id)
end
return done(taken)
