-- Begins to take a room out of Redis: from now on its scripts refuse, until it is gone or woken.
-- keys: room
-- uses: room
-- tombstone: yes
-- args: token(of this attempt) ended_before(ms)
-- returns: {why}: empty if it has begun; else why the room stays
-- holds: only an ended room that sells nothing any more begins; a second attempt takes over the first.

local at = redis.call('HMGET', K.room, 'phase', 'ended', 'selling', 'left')
local why = ''
if not at[1] then
  return no_room()
elseif at[4] and string.sub(at[4], 1, 8) ~= 'leaving:' then
  why = 'it has left already'
elseif at[1] ~= 'ended' then
  why = 'it has not ended'
elseif at[3] == '1' then
  why = 'it still sells'
elseif (tonumber(at[2]) or 0) > A.ended_before then
  why = 'it ended too lately'
else
  redis.call('HSET', K.room, 'left', 'leaving:' .. A.token)
end
return cmsgpack.pack({ why = why })
