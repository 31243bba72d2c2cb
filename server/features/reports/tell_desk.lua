-- Tells host and moderators how many reported things wait for them.
-- keys: room events bus reported
-- uses: room
-- args: total
-- returns: {}; refuses not_found
-- holds: viewers hear nothing of it.

if not room_phase() then
  return no_room()
end
if A.total > 0 then
  redis.call('SET', K.reported, int(A.total))
else
  redis.call('DEL', K.reported)
end
mention_staff({ t = 'reports', total = A.total })
return done({})
