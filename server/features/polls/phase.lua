-- With the stream the newest round ends too.
-- keys: polls ends

if phase == 'ended' then
  local newest = redis.call('HGET', K.polls, 'newest')
  if newest then
    redis.call('ZADD', K.ends, int(at), newest)
  end
end
