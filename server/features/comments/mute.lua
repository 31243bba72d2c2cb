-- Silences a user and takes their recent comments back; 0 seconds lifts it. A shadow mute takes
-- nothing back and is not announced: from now on only the staff sees the user's new comments.
-- keys: room events bus recent muted shadow_muted review review_order pinned_comment timeline actions
-- uses: room timeline review mutes pinning
-- args: user seconds shadow?(bool) by? events_max
-- returns: {until(ms, 0 = lifted)}; refuses not_found
-- holds: `recent` has no comment of a user when they are muted, nor is one pinned, and `review` none
-- at all; a user in the shadow is never told; mutes that lapsed do not pile up.

if not room_phase() then
  return no_room()
end
-- Removes a few lapsed mutes, more than one mute adds; nothing else removes those of absent users.
local function drop_lapsed()
  for _, key in ipairs({ K.muted, K.shadow_muted }) do
    for _, user in ipairs(redis.call('HRANDFIELD', key, 20)) do
      if not mute_of(user, now_ms()) then
        lift_mute(user)
      end
    end
  end
end

local was = stored_mute(redis.call('HGET', K.muted, A.user),
  redis.call('HGET', K.shadow_muted, A.user))
local was_in_shadow = was ~= nil and was.shadow
local was_told = was ~= nil and not was.shadow and was['until'] > now_ms()
local until_ms = 0
lift_mute(A.user)
if A.seconds > 0 then
  drop_lapsed()
  until_ms = now_ms() + A.seconds * 1000
  redis.call('HSET', K.muted, A.user, int(until_ms))
  if A.shadow then
    redis.call('HSET', K.shadow_muted, A.user, int(until_ms))
  end
  if drop_held(A.user) then
    tell_review()
  end
end
if A.seconds > 0 and not A.shadow then
  for _, raw in ipairs(redis.call('LRANGE', K.recent, 0, -1)) do
    if cmsgpack.unpack(raw).user == A.user then
      redis.call('LREM', K.recent, 0, raw)
    end
  end
  unpin_if(function(pinned) return pinned.user == A.user end)
  tell_room({ t = 'removed', user = A.user })
  tell_user(A.user, { t = 'muted', ['until'] = until_ms })
elseif was_told or (A.seconds == 0 and not was_in_shadow) then
  tell_user(A.user, { t = 'muted', ['until'] = 0 })
end
record({ k = 'mute', user = A.user, seconds = A.seconds, shadow = A.shadow or false })
return done({ ['until'] = until_ms })
