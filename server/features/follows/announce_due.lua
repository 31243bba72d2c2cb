-- Reads the due steps of announcing that a room went live, or was cancelled.
-- keys: room announcing
-- uses: room
-- args: none
-- returns: {steps=[step, ...] that are due, title, host, host_name, at(ms of the start or of the
--   cancelling), cancelled, reason}; refuses not_found
-- holds: changes nothing. The steps are signal:<how many were sent>, reserved:<cursor>:<server> and
-- follow:<cursor>:<server>; room_phase puts the first of each there. After the signals of a cancelled
-- room comes `forget`: then nobody asks any more who had a place.

if not room_phase() then
  return no_room()
end
local at = redis.call('HMGET', K.room, 'title', 'host', 'host_name', 'started', 'ended',
  'cancelled', 'cancel_reason')
local cancelled = at[6] == '1'
return done({ steps = redis.call('ZRANGEBYSCORE', K.announcing, '-inf', int(now_ms())),
  title = at[1], host = at[2], host_name = at[3], at = tonumber(cancelled and at[5] or at[4]) or 0,
  cancelled = cancelled, reason = at[7] or '' })
