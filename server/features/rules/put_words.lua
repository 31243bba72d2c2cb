-- Blocks words, or holds comments that have them.
-- keys: room events bus words timeline actions
-- uses: room timeline rules
-- args: words = {word, ...} action(block|hold) words_max by? events_max
-- returns: {total}; refuses not_found limit_reached
-- holds: at most words_max words; comments judged by other words than these are stale from now on.

if not room_phase() then
  return no_room()
end
local new, seen = 0, {}
for _, word in ipairs(A.words) do
  if not seen[word] and redis.call('HEXISTS', K.words, word) == 0 then
    new = new + 1
  end
  seen[word] = true
end
if redis.call('HLEN', K.words) + new > A.words_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.words_max)
    .. ' words of its own; remove some first.')
end
for word in pairs(seen) do
  redis.call('HSET', K.words, word, A.action)
end
if next(seen) then
  rules_changed()
  record({ k = 'words', words = A.words, action = A.action })
end
return done({ total = redis.call('HLEN', K.words) })
