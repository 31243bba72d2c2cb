-- Takes a batch of reservations of a scheduled room, or takes them back.
-- keys: room events bus reserved timeline actions
-- uses: room timeline
-- args: wishes=[{user on}] reserved_max events_max
-- returns: per wish {total} or {err msg}; refuses not_found conflict ended
-- holds: reservations change only while the room is scheduled, so the users to tell are fixed when
-- it starts; each change writes a fact, and nothing else does.

local phase = room_phase()
if not phase then
  return no_room()
end
if phase == 'live' then
  return refuse('conflict', 'The room is live already: come in, there is nothing to wait for.')
elseif phase == 'ended' then
  return refuse('ended', 'The stream of this room has ended; reserve a place in the next one.')
end

local outcomes, changed = {}, false
for i, wish in ipairs(A.wishes) do
  local is = redis.call('HEXISTS', K.reserved, wish.user) == 1
  if wish.on and not is and redis.call('HLEN', K.reserved) >= A.reserved_max then
    outcomes[i] = { err = 'limit_reached', msg = 'All ' .. int(A.reserved_max)
      .. ' places of this room are reserved; come when it starts.' }
  else
    if wish.on ~= is then
      local now = now_ms()
      if wish.on then
        redis.call('HSET', K.reserved, wish.user, int(now))
      else
        redis.call('HDEL', K.reserved, wish.user)
      end
      record({ k = 'reserve', user = wish.user, on = wish.on, at = now })
      changed = true
    end
    outcomes[i] = { total = redis.call('HLEN', K.reserved) }
  end
end
if changed then
  local total = redis.call('HLEN', K.reserved)
  redis.call('HSET', K.room, 'reserved', int(total))
  mention({ t = 'reserved', total = total })
end
return done(outcomes)
