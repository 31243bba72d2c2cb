-- Names another snapshot as the one that holds a room which left Redis.
-- keys: room
-- uses: room
-- tombstone: yes
-- durable: yes
-- args: old new
-- returns: {moved}
-- holds: a room that is here, or away under another name, stays as it is.

local is_there = redis.call('HGET', K.room, 'left') == A.old
if is_there then
  redis.call('HSET', K.room, 'left', A.new)
end
return cmsgpack.pack({ moved = is_there })
