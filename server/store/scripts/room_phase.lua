-- Starts or ends the stream.
-- keys: room events bus spoke due polls luckies ends announcing timeline actions
-- uses: room timeline
-- args: phase(live|ended) selling?(bool, at the end) by? events_max
-- returns: {phase, at(ms), selling}; refuses not_found ended conflict not_live
-- holds: a room goes scheduled -> live -> ended, each once. Unless it goes on selling its sales are
-- closed by their own script; should that not be called, `due` has the sweeper do it, and `ends` has
-- it close the open poll and draw the open lucky draw.

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
if A.phase == 'live' then   -- whoever reserved or follows is told from here on: see announce_due
  redis.call('ZADD', K.announcing, int(at), 'signal:0', int(at), 'reserved:0:', int(at), 'follow:0:')
end
local selling = redis.call('HGET', K.room, 'selling') == '1'
if A.phase == 'ended' then
  redis.call('DEL', K.spoke)
  for _, key in ipairs({ K.polls, K.luckies }) do
    local newest = redis.call('HGET', key, 'newest')
    if newest then
      redis.call('ZADD', K.ends, int(at), newest)
    end
  end
  if A.selling and not selling then
    selling = true
    redis.call('HSET', K.room, 'selling', 1)
    tell_settings()
  elseif not selling then
    redis.call('ZADD', K.due, int(at), '*:end')
  end
end
tell_room({ t = 'phase', phase = A.phase, at = at })
record({ k = 'phase', phase = A.phase, at = at, selling = A.phase == 'ended' and selling or nil })
return done({ phase = A.phase, at = at, selling = selling })
