-- Reads the due steps of announcing that a room went live.
-- keys: room announcing
-- uses: room
-- args: none
-- returns: {steps=[step, ...] that are due, title, host, host_name, started(ms)}; refuses not_found
-- holds: changes nothing. The steps are signal:<how many were sent>, reserved:<cursor>:<server> and
-- follow:<cursor>:<server>; room_phase puts the first of each there.

if not room_phase() then
  return no_room()
end
local at = redis.call('HMGET', K.room, 'title', 'host', 'host_name', 'started')
return done({ steps = redis.call('ZRANGEBYSCORE', K.announcing, '-inf', int(now_ms())),
  title = at[1], host = at[2], host_name = at[3], started = tonumber(at[4]) or 0 })
