-- Puts pseudonyms in the place of people in one key of a host.
-- of: host
-- keys: *
-- args: key kind changes={{old, old value, new, new value}, ...} of a hash, {{old, new}, ...} of a zset,
-- {place = body} of a stream, new bodies; new '' drops a field
-- returns: {}
-- holds: what has changed since it was read stays; whoever is counted stays counted.

local key = K[A.key]
if A.kind == 'hash' then
  for _, change in ipairs(A.changes) do
    if redis.call('HGET', key, change[1]) == change[2] then
      redis.call('HDEL', key, change[1])
      if change[3] ~= '' then
        redis.call('HSET', key, change[3], change[4])
      end
    end
  end
elseif A.kind == 'zset' then
  for _, change in ipairs(A.changes) do
    local score = redis.call('ZSCORE', key, change[1])
    if score then
      redis.call('ZREM', key, change[1])
      if change[2] ~= '' then
        redis.call('ZADD', key, score, change[2])
      end
    end
  end
elseif A.kind == 'stream' then
  local entries = redis.call('XRANGE', key, '-', '+')   -- entries can't be changed: it is made anew
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  redis.call('DEL', key)
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    local body = A.changes[entry[1]]
    if body then
      fields = { 'e', body }
    end
    redis.call('XADD', key, entry[1], unpack(fields))
  end
  if last then
    redis.call('XSETID', key, last[1])
  end
end
return cmsgpack.pack({ done = true })
