-- Sales close at the end, unless they go on.
-- keys: due

if phase == 'ended' and not selling then
  redis.call('ZADD', K.due, int(at), '*:end')
end
