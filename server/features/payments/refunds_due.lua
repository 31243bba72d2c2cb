-- Takes the payments whose refund is to be tried now, and puts their next try off.
-- keys: room payments refunds
-- uses: room
-- args: lease_ms batch_max
-- returns: list of payments
-- holds: within lease_ms no other worker takes the same payment.

local now, taken = now_ms(), {}
for i, id in ipairs(redis.call('ZRANGEBYSCORE', K.refunds, '-inf', int(now), 'LIMIT', 0, A.batch_max)) do
  taken[i] = cmsgpack.unpack(redis.call('HGET', K.payments, id))
  redis.call('ZADD', K.refunds, int(now + A.lease_ms), id)
end
return done(taken)
