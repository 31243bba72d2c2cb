-- Keeps the questions that a stream left open, for the host's next ones.
-- of: host
-- keys: left
-- args: questions = {{key, left_key, question(messages.Question), carried(messages.Carried)}, ...} kept_max
-- returns: {}
-- holds: one of each key, the one that more users asked, however often they come; at most kept_max, and
--   the least asked are dropped first, among equals the oldest.

for _, each in ipairs(A.questions) do
  local raw = redis.call('HGET', K.left, each.key)
  local entry = each.question
  if each.left_key ~= '' and each.left_key ~= each.key then
    redis.call('HDEL', K.left, each.left_key)   -- it came in from there, and has the new version's key now
  end
  entry.carried = each.carried
  if not raw or cmsgpack.unpack(raw).asked <= entry.asked then
    redis.call('HSET', K.left, each.key, cmsgpack.pack(entry))
  end
end
local over = redis.call('HLEN', K.left) - A.kept_max
if over > 0 then
  local kept, flat = {}, redis.call('HGETALL', K.left)
  for i = 1, #flat, 2 do
    local question = cmsgpack.unpack(flat[i + 1])
    kept[#kept + 1] = { key = flat[i], asked = question.asked, at = question.at }
  end
  table.sort(kept, function(a, b)
    if a.asked ~= b.asked then return a.asked < b.asked end
    if a.at ~= b.at then return a.at < b.at end
    return a.key < b.key
  end)
  for i = 1, over do
    redis.call('HDEL', K.left, kept[i].key)
  end
end
return cmsgpack.pack({})
