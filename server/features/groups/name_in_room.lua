-- Names the fan group of its host in a room.
-- keys: room events bus
-- uses: room settings
-- args: host group events_max
-- returns: {changed}; refuses not_found, forbidden for a room of another host
-- holds: the room is told only what changed.

local at = redis.call('HMGET', K.room, 'host', 'group')
if not at[1] then
  return no_room()
elseif at[1] ~= A.host then
  return refuse('forbidden', 'The room `' .. A.room .. '` is of another host.')
elseif at[2] == A.group then
  return done({ changed = false })
end
redis.call('HSET', K.room, 'group', A.group)
tell_settings()
return done({ changed = true })
