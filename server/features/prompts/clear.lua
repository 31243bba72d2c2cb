-- Takes a line off the host's screen, or all of them.
-- keys: room events bus prompts
-- uses: room prompts
-- args: prompt('' = all) events_max
-- returns: {}; refuses not_found
-- holds: what is gone already is no news.

if not room_phase() then
  return no_room()
end
local found = false
for _, raw in ipairs(redis.call('LRANGE', K.prompts, 0, -1)) do
  if A.prompt == '' or cmsgpack.unpack(raw).prompt == A.prompt then
    redis.call('LREM', K.prompts, 0, raw)
    found = true
  end
end
if found then
  tell_prompts()
end
return done({})
