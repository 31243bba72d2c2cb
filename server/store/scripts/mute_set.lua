-- Silences a user and takes their recent comments back; 0 seconds lifts it.
-- keys: room events bus recent muted
-- uses: room
-- args: user seconds events_max
-- returns: {until(ms, 0 = lifted)}; refuses not_found
-- holds: `recent` has no comment of a user when they are muted.

if not room_phase() then
  return no_room()
end
local until_ms = 0
if A.seconds > 0 then
  until_ms = now_ms() + A.seconds * 1000
  redis.call('HSET', K.muted, A.user, int(until_ms))
  for _, raw in ipairs(redis.call('LRANGE', K.recent, 0, -1)) do
    if cmsgpack.unpack(raw).user == A.user then
      redis.call('LREM', K.recent, 0, raw)
    end
  end
  tell_room({ t = 'removed', user = A.user })
else
  redis.call('HDEL', K.muted, A.user)
end
tell_user(A.user, { t = 'muted', ['until'] = until_ms })
return done({ ['until'] = until_ms })
