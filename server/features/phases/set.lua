-- Starts or ends the stream. Each feature does what follows from it for its own.
-- keys: room events bus timeline actions
-- uses: room settings timeline
-- parts: phase(phase, at, selling)
-- keyed: yes
-- wakes: yes
-- args: phase(live|ended) selling?(bool, at the end) by? events_max
-- returns: {phase, at(ms), selling}; refuses not_found ended conflict not_live
-- holds: a room goes scheduled -> live -> ended, each once. Unless it goes on selling its sales are
-- closed by their own script; should that not be called, the sweeper does it, and it closes the open
-- poll and draws the open lucky draw.

local phase = room_phase()
if not phase then
  return no_room()
end
if redis.call('HGET', K.room, 'kind') == 'group' then
  return refuse('conflict', 'A fan group is always open: it neither starts nor ends.')
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
local selling = redis.call('HGET', K.room, 'selling') == '1'
if A.phase == 'ended' then
  if A.selling and not selling then
    selling = true
    redis.call('HSET', K.room, 'selling', 1)
    tell_settings()
  end
end
for _, follow_up in ipairs(PARTS) do
  follow_up(A.phase, at, selling)
end
tell_room({ t = 'phase', phase = A.phase, at = at })
record({ k = 'phase', phase = A.phase, at = at, selling = A.phase == 'ended' and selling or nil })
return done({ phase = A.phase, at = at, selling = selling })
