-- The number of the room's stream key in force; makes it anew.
-- keys: room timeline actions
-- uses: room timeline
-- keyed: yes
-- args: renew(bool) by?
-- returns: {number(0 = none was made)}; refuses not_found ended conflict
-- holds: a number is never in force again; a room that ended gets no new one.

local phase = room_phase()
if not phase then
  return no_room()
end
if A.renew then
  if redis.call('HGET', K.room, 'kind') == 'group' then
    return refuse('conflict', 'A fan group is a chat: it has no picture.')
  end
  if phase == 'ended' then
    return refuse('ended', 'The stream of this room has ended: no picture is taken for it any more.')
  end
  redis.call('HINCRBY', K.room, 'stream_key', 1)
end
local number = tonumber(redis.call('HGET', K.room, 'stream_key')) or 0
if A.renew then
  record({ k = 'stream_key', number = number })
end
return done({ number = number })
