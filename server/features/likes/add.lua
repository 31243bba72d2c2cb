-- Adds likes.
-- keys: room events bus
-- uses: room
-- keyed: yes
-- args: n(>= 1)
-- returns: {total}; refuses not_found not_live
-- holds: the total never goes down.

local phase = room_phase()
if not phase then
  return no_room()
end
if phase ~= 'live' then
  return refuse('not_live', 'Likes count only while the room is live.')
end
local total = redis.call('HINCRBY', K.room, 'likes', int(A.n))
mention({ t = 'likes', total = total })
return done({ total = total })
