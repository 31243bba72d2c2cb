-- Notes that somebody begins to send the room's picture.
-- keys: room events bus timeline actions
-- uses: room timeline
-- args: again_ms by? events_max
-- returns: {at(ms)}; refuses not_found ended conflict
-- holds: whoever asks again within `again_ms`, as a sender does that asks before it sends, is no news.

local phase = room_phase()
if not phase then
  return no_room()
end
if redis.call('HGET', K.room, 'kind') == 'group' then
  return refuse('conflict', 'A fan group is a chat: it has no picture.')
end
if phase == 'ended' then
  return refuse('ended', 'The stream of this room has ended: no picture is taken for it any more.')
end
local now = now_ms()
local last = tonumber(redis.call('HGET', K.room, 'picture')) or 0
if now - last < A.again_ms then
  return done({ at = last })
end
redis.call('HSET', K.room, 'picture', int(now))
tell_room({ t = 'picture', at = now })
record({ k = 'picture', at = now })
return done({ at = now })
