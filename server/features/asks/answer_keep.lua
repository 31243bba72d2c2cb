-- Keeps the answer to a question for all rooms of the host.
-- of: host
-- keys: answers left
-- args: key question(messages.Question) answered(ms) given_in(room) kept_max left_key?
-- returns: {}
-- holds: what is answered is no longer left open; the newest answer of a key is kept, in whatever order and however often answers arrive;
--   at most kept_max answers are kept, and the oldest are dropped first.

redis.call('HDEL', K.left, A.key, A.left_key or A.key)
local raw = redis.call('HGET', K.answers, A.key)
if raw and cmsgpack.unpack(raw).answered > A.answered then
  return cmsgpack.pack({})
end
local entry = A.question
entry.answered, entry.given_in = A.answered, A.given_in
redis.call('HSET', K.answers, A.key, cmsgpack.pack(entry))

if redis.call('HLEN', K.answers) > A.kept_max then
  local ages = {}
  local flat = redis.call('HGETALL', K.answers)
  for i = 1, #flat, 2 do
    if flat[i] ~= A.key then
      ages[#ages + 1] = { key = flat[i], answered = cmsgpack.unpack(flat[i + 1]).answered }
    end
  end
  table.sort(ages, function(a, b) return a.answered < b.answered end)
  -- Drop a tenth at once, so that the next answers need not scan all again.
  for i = 1, math.min(#ages, math.ceil(A.kept_max / 10)) do
    redis.call('HDEL', K.answers, ages[i].key)
  end
end
return cmsgpack.pack({})
