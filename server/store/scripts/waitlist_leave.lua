-- Takes a buyer out of a sale's queue.
-- keys: waiting queued
-- durable: yes
-- args: sale user
-- returns: {place = 0}
-- holds: leaving twice is the same as leaving once.

local field = A.sale .. '/' .. A.user
local raw = redis.call('HGET', K.queued, field)
if raw then
  redis.call('HDEL', K.queued, field)
  redis.call('ZREM', K.waiting, A.sale .. '/'
    .. string.format('%016.0f', cmsgpack.unpack(raw).n) .. '/' .. A.user)
end
return cmsgpack.pack({ place = 0 })
