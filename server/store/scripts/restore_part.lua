-- Writes a part of a key of a room that comes back.
-- keys: *
-- uses: room
-- tombstone: yes
-- args: token snapshot lock_ms key kind items first(is it the key's first part?)
-- returns: {written}: false if this attempt has lost its lock, or the room is back
-- holds: nothing is written for a room that is not away with this very snapshot.

if redis.call('HGET', K.room, 'left') ~= A.snapshot or redis.call('GET', K.restoring) ~= A.token then
  return cmsgpack.pack({ written = false })
end
redis.call('PEXPIRE', K.restoring, A.lock_ms)
local key, items = K[A.key], A.items
if A.first then
  redis.call('UNLINK', key)
end
local COMMANDS = { hash = 'HSET', set = 'SADD', list = 'RPUSH' }
if COMMANDS[A.kind] then
  for at = 1, #items, 1000 do
    redis.call(COMMANDS[A.kind], key, unpack(items, at, math.min(at + 999, #items)))
  end
elseif A.kind == 'string' then
  redis.call('SET', key, items[1])
elseif A.kind == 'zset' then
  for at = 1, #items, 2 do
    redis.call('ZADD', key, items[at + 1], items[at])
  end
elseif A.kind == 'stream' then
  for at = 1, #items, 2 do
    redis.call('XADD', key, items[at], unpack(items[at + 1]))
  end
elseif A.kind == 'last' then
  if redis.call('EXISTS', key) == 0 then   -- an empty stream
    redis.call('XADD', key, 'MAXLEN', 0, items[1], 'e', '')
  end
  redis.call('XSETID', key, items[1])
elseif A.kind == 'groups' then
  for at = 1, #items, 2 do
    redis.call('XGROUP', 'CREATE', key, items[at], items[at + 1])
  end
elseif A.kind == 'expires' then
  redis.call('PEXPIREAT', key, items[1])
end
return cmsgpack.pack({ written = true })
