-- Starts or ends the stream, or cancels a room before it. Each feature does what follows from it for
-- its own.
-- keys: room events bus timeline actions
-- uses: room settings timeline
-- parts: phase(phase, at, selling, cancelled)
-- keyed: yes
-- wakes: yes
-- args: phase(live|ended) selling?(bool, at the end) cancel?(bool, instead of the end) reason? by?
--   events_max
-- returns: {phase, at(ms), selling}; refuses not_found ended conflict not_live
-- holds: a room goes scheduled -> live -> ended, each once, or scheduled -> ended if it is cancelled. Unless it goes on selling its sales are
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
  return refuse('ended', redis.call('HGET', K.room, 'cancelled') == '1'
    and 'This room was cancelled; open a new room for the next stream.'
    or 'The stream of this room has ended; open a new room for the next one.')
end
if A.cancel and phase ~= 'scheduled' then
  return refuse('conflict', 'The stream of this room has begun: end it instead of cancelling it.')
end
if phase == A.phase then
  return refuse('conflict', 'The room is already ' .. phase .. '.')
end
if A.phase == 'live' and redis.call('HGET', K.room, 'draft') == '1' then
  return refuse('conflict', 'This room is a draft: make it public, then go live.')
end
if A.phase == 'ended' and phase ~= 'live' and not A.cancel then
  return refuse('not_live', 'The room is not live, so there is nothing to end.')
end
if A.phase ~= 'live' and A.phase ~= 'ended' then
  return refuse('conflict', 'A room can only go live or end.')
end

local at = now_ms()
redis.call('HSET', K.room, 'phase', A.phase, A.phase == 'live' and 'started' or 'ended', int(at))
local cancelled = A.cancel or nil
local reason = cancelled and A.reason ~= '' and A.reason or nil
local selling = redis.call('HGET', K.room, 'selling') == '1'
if cancelled then
  redis.call('HSET', K.room, 'cancelled', 1, 'cancel_reason', reason or '')
  if selling then
    selling = false
    redis.call('HSET', K.room, 'selling', 0)
    tell_settings()
  end
end
if A.phase == 'ended' then
  if A.selling and not selling then
    selling = true
    redis.call('HSET', K.room, 'selling', 1)
    tell_settings()
  end
end
for _, follow_up in ipairs(PARTS) do
  follow_up(A.phase, at, selling, cancelled)
end
tell_room({ t = 'phase', phase = A.phase, at = at, cancelled = cancelled, reason = reason })
record({ k = 'phase', phase = A.phase, at = at, selling = A.phase == 'ended' and selling or nil,
  cancelled = cancelled, reason = reason })
return done({ phase = A.phase, at = at, selling = selling })
