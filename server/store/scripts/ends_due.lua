-- Closes the polls and draws the lucky draws whose end has come, by the clock of Redis.
-- keys: room events bus polls votes luckies lucky_seeds entrants entered lots ends timeline actions
-- uses: room timeline polls luckies rounds
-- durable: yes
-- args: batch_max events_max
-- returns: {changed, next(ms, 0 = nothing is due later)}
-- holds: a poll closes once and a draw is drawn once, however many workers ask.

local now = now_ms()
local changes = 0
local due = redis.call('ZRANGEBYSCORE', K.ends, '-inf', int(now), 'LIMIT', 0, A.batch_max)
for _, id in ipairs(due) do
  local poll, lucky = poll_view(id), lucky_view(id)
  if poll and poll.status == 'open' then
    close_poll(poll)
    changes = changes + 1
  elseif lucky and lucky.status == 'open' then
    draw_lucky(lucky)
    changes = changes + 1
  end
  redis.call('ZREM', K.ends, id)
end
local first = redis.call('ZRANGE', K.ends, 0, 0, 'WITHSCORES')
return done({ changed = changes, next = tonumber(first[2]) or 0 })
