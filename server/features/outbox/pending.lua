-- Lines of the ledger that wait to be told, where A.tells says that this server tells them, or some
-- server told earlier ones; and dead letters, which wait for the operator.
-- keys: ledger stats outbox outbox_replays dead_letters

if redis.call('EXISTS', K.dead_letters, K.outbox_replays) > 0 then
  return true
end
-- As `backlog` reads it: a place beyond the last line is one of a ledger that was lost.
local last = tonumber(redis.call('HGET', K.stats, 'entries')) or 0
local told = redis.call('HGET', K.outbox, 'told')
local done = tonumber(string.match(told or '', '^%d+') or '') or 0
return (A.tells or told) and last > 0 and done ~= last and redis.call('XLEN', K.ledger) > 0
