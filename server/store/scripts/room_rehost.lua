-- Puts a pseudonym in the place of the host of a room that left Redis.
-- keys: room
-- uses: room
-- tombstone: yes
-- durable: yes
-- args: host pseudonym
-- returns: {changed}
-- holds: only a room of this host changes, and only one that is away: what workers know of an open room
-- stays true. The id of a fan group would name the host; there is none by then.

local at = redis.call('HMGET', K.room, 'host', 'left')
if at[1] ~= A.host or not at[2] or string.sub(at[2], 1, 8) == 'leaving:' then
  return cmsgpack.pack({ changed = false })
end
redis.call('HSET', K.room, 'host', A.pseudonym, 'host_name', A.pseudonym, 'group', '')
return cmsgpack.pack({ changed = true })
