-- The end of the stream ends the newest round too.
-- keys: luckies ends

if phase == 'ended' then
  local newest = redis.call('HGET', K.luckies, 'newest')
  if newest then
    redis.call('ZADD', K.ends, int(at), newest)
  end
end
