-- Puts words or patterns on the server's list, or takes them off it; the version tells all workers.
-- keys: server_words server_patterns server_words_ver action_log
-- of: all
-- args: form(word|pattern) ids words (a ServerWord as JSON each; '' takes it off) words_max(of this
-- form) actions (JSON each) actions_max
-- returns: {done}: false if there was nothing to take off
-- holds: all of them or none; at most words_max of a form; each change has a version of its own,
-- also after Redis restarted without the last ones.

local key = A.form == 'word' and K.server_words or K.server_patterns
local new, done = 0, false
for i, id in ipairs(A.ids) do
  local known = redis.call('HEXISTS', key, id) == 1
  done = done or known or A.words[i] ~= ''
  if not known and A.words[i] ~= '' then
    new = new + 1
  end
end
if not done then
  return cmsgpack.pack({ done = false })
end
if new > 0 and redis.call('HLEN', key) + new > A.words_max then
  return cmsgpack.pack({
    err = 'limit_reached',
    msg = 'The server can have ' .. A.words_max .. ' ' .. A.form .. 's; remove some first.',
  })
end
for i, id in ipairs(A.ids) do
  if A.words[i] == '' then
    redis.call('HDEL', key, id)
  else
    redis.call('HSET', key, id, A.words[i])
  end
  redis.call('XADD', K.action_log, 'MAXLEN', '~', A.actions_max, '*', 'e', A.actions[i])
end
local at = redis.call('TIME')
local now = at[1] * 1000 + math.floor(at[2] / 1000)
local ver = tonumber(redis.call('GET', K.server_words_ver) or 0)
redis.call('SET', K.server_words_ver, string.format('%.0f', math.max(ver + 1, now)))
return cmsgpack.pack({ done = true })
