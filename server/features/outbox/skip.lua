-- Gives up the entry that a room is stuck at: it becomes a dead letter, and those behind it are told.
-- keys: room ledger stats outbox outbox_replays dead_letters
-- uses: room outbox
-- args: place
-- returns: {}; refuses conflict: the room is not stuck at this entry
-- holds: only an entry that failed is given up, and only the one that was meant.

local at = redis.call('HMGET', K.outbox, 'stuck', 'why')
if at[1] ~= A.place then
  return refuse('conflict', 'The room is not stuck at the entry `' .. A.place .. '`: '
    .. (at[1] and 'it is at `' .. at[1] .. '`.' or 'no post of it failed.'))
end
forget_failures()
bury(A.place, 'skipped by hand after: ' .. (at[2] or ''))
redis.call('HSET', K.outbox, 'told', A.place)
count_letters()
return done({})
