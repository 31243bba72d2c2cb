-- Starts or ends the stream.
-- keys: room events bus spoke due timeline
-- uses: room timeline
-- args: phase(live|ended) by? events_max
-- returns: {phase, at(ms)}; refuses not_found ended conflict not_live
-- holds: a room goes scheduled -> live -> ended, each once. Its sales are closed by their own script;
-- should that not be called, `due` has the sweeper do it.

local phase = room_phase()
if not phase then
  return no_room()
end
if phase == 'ended' then
  return refuse('ended', 'The stream of this room has ended; open a new room for the next one.')
end
if phase == A.phase then
  return refuse('conflict', 'The room is already ' .. phase .. '.')
end
if A.phase == 'ended' and phase ~= 'live' then
  return refuse('not_live', 'The room is not live, so there is nothing to end.')
end
if A.phase ~= 'live' and A.phase ~= 'ended' then
  return refuse('conflict', 'A room can only go live or end.')
end

local at = now_ms()
redis.call('HSET', K.room, 'phase', A.phase, A.phase == 'live' and 'started' or 'ended', int(at))
if A.phase == 'ended' then
  redis.call('DEL', K.spoke)
  redis.call('ZADD', K.due, int(at), '*:end')
end
tell_room({ t = 'phase', phase = A.phase, at = at })
record({ k = 'phase', phase = A.phase, at = at })
return done({ phase = A.phase, at = at })
