-- Gives up the entry that a room is stuck at: it becomes a dead letter, and those behind it are told.
-- keys: room ledger stats outbox outbox_replays dead_letters
-- uses: room outbox
-- args: -
-- returns: {skipped}: its place; '' if no post failed
-- holds: only an entry that failed is given up.

local at = redis.call('HMGET', K.outbox, 'told', 'tries', 'why')
local first = number(at[2]) > 0
  and redis.call('XRANGE', K.ledger, '(' .. at[1], '+', 'COUNT', 1)[1]
if not first then
  return done({ skipped = '' })
end
forget_failures()
bury(first[1], 'skipped by hand after: ' .. (at[3] or ''))
redis.call('HSET', K.outbox, 'told', first[1])
count_letters()
return done({ skipped = first[1] })
