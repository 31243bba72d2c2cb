-- Silences a user and takes their recent comments back; 0 seconds lifts it. A shadow mute takes
-- nothing back and is not announced: from now on only the staff sees the user's new comments.
-- keys: room events bus recent muted review review_order timeline actions
-- uses: room timeline review
-- args: user seconds shadow?(bool) by? events_max
-- returns: {until(ms, 0 = lifted)}; refuses not_found
-- holds: `recent` has no comment of a user when they are muted, and `review` none at all; a user
-- in the shadow is never told; mutes that lapsed do not pile up.

if not room_phase() then
  return no_room()
end
-- Removes a few lapsed mutes, more than one mute adds; nothing else removes those of absent users.
local function drop_lapsed()
  local some = redis.call('HRANDFIELD', K.muted, 20, 'WITHVALUES')
  for i = 1, #some, 2 do
    if tonumber(some[i + 1]) <= now_ms() then
      redis.call('HDEL', K.muted, some[i])
    end
  end
end

local was = tonumber(redis.call('HGET', K.muted, A.user) or 0)
local was_told = was > now_ms() and was == math.floor(was)
local until_ms = 0
if A.seconds > 0 then
  drop_lapsed()
  until_ms = now_ms() + A.seconds * 1000
  -- Half a millisecond more marks a shadow mute; read as a plain number it is still the end time.
  redis.call('HSET', K.muted, A.user, int(until_ms) .. (A.shadow and '.5' or ''))
  if drop_held(A.user) then
    tell_review()
  end
else
  redis.call('HDEL', K.muted, A.user)
end
if A.seconds > 0 and not A.shadow then
  for _, raw in ipairs(redis.call('LRANGE', K.recent, 0, -1)) do
    if cmsgpack.unpack(raw).user == A.user then
      redis.call('LREM', K.recent, 0, raw)
    end
  end
  tell_room({ t = 'removed', user = A.user })
  tell_user(A.user, { t = 'muted', ['until'] = until_ms })
elseif was_told or (A.seconds == 0 and was == math.floor(was)) then
  tell_user(A.user, { t = 'muted', ['until'] = 0 })
end
record({ k = 'mute', user = A.user, seconds = A.seconds, shadow = A.shadow or false })
return done({ ['until'] = until_ms })
