-- Ends the rounds that are due by the clock of Redis: each feature ends its own rounds.
-- keys: room events bus ends timeline actions
-- uses: room timeline rounds
-- parts: finish(id)
-- durable: yes
-- args: batch_max events_max
-- returns: {changed, next(ms, 0 = nothing is due later)}
-- holds: a round ends once, however many workers ask; one that can't be read waits and stops no other.

local now = now_ms()
local changes = 0
local due = redis.call('ZRANGEBYSCORE', K.ends, '-inf', int(now), 'LIMIT', 0, A.batch_max)
for _, id in ipairs(due) do
  local bad = #damaged
  for _, finish in ipairs(PARTS) do
    if finish(id) then
      changes = changes + 1
      break
    end
  end
  settle_due(K.ends, id, bad, now)
end
local first = redis.call('ZRANGE', K.ends, 0, 0, 'WITHSCORES')
return done({ changed = changes, next = tonumber(first[2]) or 0 })
