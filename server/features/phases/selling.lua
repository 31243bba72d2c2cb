-- Allows or forbids buying from open sales after the end of the stream.
-- keys: room events bus due timeline actions
-- uses: room settings timeline
-- args: on(bool) by? events_max
-- returns: {close}: whether the sales have to be closed now; refuses not_found ended
-- holds: the same again is no news; should the sales not be closed now, `due` has the sweeper do it.

local phase = room_phase()
if not phase then
  return no_room()
end
if A.on and redis.call('HGET', K.room, 'cancelled') == '1' then
  return refuse('ended', 'This room was cancelled: nothing can be bought in it.')
end
if (redis.call('HGET', K.room, 'selling') == '1') ~= A.on then
  redis.call('HSET', K.room, 'selling', A.on and 1 or 0)
  if phase == 'ended' and not A.on then
    redis.call('ZADD', K.due, int(now_ms()), '*:end')
  end
  tell_settings()
  record({ k = 'selling', on = A.on })
end
return done({ close = phase == 'ended' and not A.on })
