-- Removes all of an ended room, or of a fan group that sells nothing, but its hash, which says whose it was until it is in no list.
-- Tells the workers that have it open.
-- keys: *
-- uses: room
-- tombstone: yes
-- args: none
-- returns: {host}; refuses not_found conflict
-- holds: a room that has not ended stays whole. A second call finds the same.

local at = redis.call('HMGET', K.room, 'phase', 'host', 'kind', 'selling')
if not at[1] then
  return no_room()
elseif at[3] == 'group' and at[4] == '1' then
  return refuse('conflict', 'The fan group `' .. A.room .. '` still sells; close its sales before it is deleted.')
elseif at[1] ~= 'ended' and at[3] ~= 'group' then
  return refuse('conflict', 'The room `' .. A.room .. '` has not ended; end it before it is deleted.')
end
for name, key in pairs(K) do
  if name ~= 'room' and name ~= 'bus' then
    redis.call('UNLINK', key)
  end
end
redis.call('HSET', K.room, 'left', 'deleted')
return done({ host = at[2] }, { deleted = true })
