-- Takes a buyer out of a sale's queue, then serves the next, whom this buyer may have blocked.
-- keys: room events bus sales stock waiting queued unmet bought orders orders_of holds ledger stats
-- uses: room ledger sales coupons orders
-- durable: yes
-- args: sale user offer_hold_s orders_per_user_max events_max
-- returns: {place = 0}
-- holds: leaving twice is the same as leaving once.

local field = A.sale .. '/' .. A.user
local raw = redis.call('HGET', K.queued, field)
if raw then
  redis.call('HDEL', K.queued, field)
  redis.call('ZREM', K.waiting, A.sale .. '/'
    .. string.format('%016.0f', cmsgpack.unpack(raw).n) .. '/' .. A.user)
  offer(sale_of(A.sale), now_ms())
  settle()
end
return done({ place = 0 })
