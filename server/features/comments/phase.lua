-- Slow mode ends with the stream.
-- keys: spoke

if phase == 'ended' then
  redis.call('DEL', K.spoke)
end
