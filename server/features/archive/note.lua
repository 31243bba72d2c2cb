-- Notes how far a room is archived, so that it can sleep when nothing more is to be copied.
-- keys: room archived
-- uses: room
-- args: archived={made(ms), <stream> = place of its last archived entry}
-- returns: {}; refuses not_found
-- holds: nothing is copied or left out by it: the records have positions of their own.

if not room_phase() then
  return no_room()
end
redis.call('DEL', K.archived)
for name, place in pairs(A.archived) do
  redis.call('HSET', K.archived, name, place)
end
return done({})
