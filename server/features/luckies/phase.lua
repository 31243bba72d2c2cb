-- The end of the stream ends the newest round too.
-- keys: luckies newest ends
-- uses: newest

if phase == 'ended' then
  local newest = newest_round('lucky', K.luckies)
  if newest then
    redis.call('ZADD', K.ends, int(at), newest)
  end
end
