-- Sets slow mode: the seconds a viewer waits between two comments.
-- keys: room events bus spoke timeline actions
-- uses: room settings timeline
-- args: seconds(0 = off) by? events_max
-- returns: {slow_s}; refuses not_found
-- holds: `spoke` is kept in slow mode only; setting the same value again sends no event.

if not room_phase() then
  return no_room()
end
if redis.call('HGET', K.room, 'slow_s') ~= int(A.seconds) then
  redis.call('HSET', K.room, 'slow_s', int(A.seconds))
  if A.seconds == 0 then
    redis.call('DEL', K.spoke)
  end
  tell_settings()
  record({ k = 'slow', seconds = A.seconds })
end
return done({ slow_s = A.seconds })
