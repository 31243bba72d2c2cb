-- Takes rooms that fell asleep out of the index of those that are awake.
-- keys: awake
-- of: all
-- args: rooms=[{room score}, ...]
-- returns: {forgotten}: how many were taken out
-- holds: a room that was woken since its score was read stays.

local forgotten = 0
for _, each in ipairs(A.rooms) do
  if tonumber(redis.call('ZSCORE', K.awake, each[1]) or '') == each[2] then
    forgotten = forgotten + redis.call('ZREM', K.awake, each[1])
  end
end
return cmsgpack.pack({ forgotten = forgotten })
