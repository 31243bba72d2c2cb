-- With the stream the newest round ends too.
-- keys: luckies ends

if phase == 'ended' then
  local newest = redis.call('HGET', K.luckies, 'newest')
  if newest then
    redis.call('ZADD', K.ends, int(at), newest)
  end
end
