-- Lets words pass again.
-- keys: room events bus words timeline actions
-- uses: room timeline rules
-- args: words = {word, ...} by? events_max
-- returns: {total}; refuses not_found
-- holds: words that were not there change nothing.

if not room_phase() then
  return no_room()
end
local removed = {}
for _, word in ipairs(A.words) do
  if redis.call('HDEL', K.words, word) == 1 then
    removed[#removed + 1] = word
  end
end
if #removed > 0 then
  rules_changed()
  record({ k = 'words', words = removed, action = 'remove' })
end
return done({ total = redis.call('HLEN', K.words) })
