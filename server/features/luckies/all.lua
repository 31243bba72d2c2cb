-- Reads all lucky draws of a room, in the order they were opened.
-- keys: room luckies entered
-- uses: room newest luckies
-- args: none
-- returns: {lucky, ...}; refuses not_found
-- holds: changes nothing.

if not room_phase() then
  return no_room()
end
local found = {}
for _, id in ipairs(redis.call('HKEYS', K.luckies)) do
  local lucky, n = lucky_view(id)
  if lucky then
    found[n] = lucky
  end
end
return done(found)
