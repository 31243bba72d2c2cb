-- Shows a line to everybody, or takes it away.
-- keys: room events bus timeline actions
-- uses: room timeline
-- args: text('' = none) by? events_max
-- returns: {text}; refuses not_found
-- holds: the room's notice is the last one told; the same again is no news.

if not room_phase() then
  return no_room()
end
if redis.call('HGET', K.room, 'notice') ~= A.text then
  redis.call('HSET', K.room, 'notice', A.text)
  tell_room({ t = 'notice', text = A.text })
  record({ k = 'notice', text = A.text })
end
return done({ text = A.text })
