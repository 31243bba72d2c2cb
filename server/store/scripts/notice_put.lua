-- Shows a line to everybody, or takes it away.
-- keys: room events bus timeline actions
-- uses: room timeline
-- args: text('' = none) by? events_max
-- returns: {text}; refuses not_found
-- holds: the room's notice is the last one told.

if not room_phase() then
  return no_room()
end
redis.call('HSET', K.room, 'notice', A.text)
tell_room({ t = 'notice', text = A.text })
record({ k = 'notice', text = A.text })
return done({ text = A.text })
