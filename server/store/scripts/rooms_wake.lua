-- Puts rooms into the index of those that are awake.
-- keys: awake woken
-- of: all
-- uses: room
-- args: rooms=[room, ...]
-- returns: {}
-- holds: no score is ever given twice, whatever the clock says: who read one can tell that the room
-- was woken since.

local last = tonumber(redis.call('GET', K.woken)) or 0
for _, room in ipairs(A.rooms) do
  last = math.max(now_ms(), last + 1)
  redis.call('ZADD', K.awake, int(last), room)
end
redis.call('SET', K.woken, int(last))
return cmsgpack.pack({})
