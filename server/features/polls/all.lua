-- Reads all polls of a room, in the order they were opened.
-- keys: room polls votes
-- uses: room newest polls
-- args: none
-- returns: {poll, ...}; refuses not_found
-- holds: changes nothing.

if not room_phase() then
  return no_room()
end
local found = {}
for _, id in ipairs(redis.call('HKEYS', K.polls)) do
  local poll, n = poll_view(id)
  if poll then
    found[n] = poll
  end
end
return done(found)
