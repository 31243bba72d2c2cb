-- The end of the stream ends the newest round too.
-- keys: polls newest ends
-- uses: newest

if phase == 'ended' then
  local newest = newest_round('poll', K.polls)
  if newest then
    redis.call('ZADD', K.ends, int(at), newest)
  end
end
