-- Decides for each of a batch of users whether they may ask.
-- keys: room muted shadow_muted spoke moderators
-- uses: room staff mutes speaking
-- args: asks = {{user, role, says?(bool), word?, follows?}, ...} rules_ver
-- `says`: the ask has words that others will read, so the rules for comments apply; `word` and
-- `follows` are as in the comments' add.
-- returns: in the same order {ok, shadow?, staff?(moderates here)} or {err, msg, retry_ms?}: muted forbidden rate_limited, or
-- stale for all when the rules have another version; refuses not_found as a whole
-- holds: slow mode counts an ask in words as a comment. A refusal leaves no trace.

if not room_phase() then
  return no_room()
end
local now = now_ms()
local at = redis.call('HMGET', K.room, 'slow_s', 'rules_ver', 'followers_only')
local slow_ms, followers_only = tonumber(at[1]) * 1000, at[3] == '1'
local is_stale = A.rules_ver ~= tonumber(at[2] or 0)

local function must_obey(ask)
  return ask.says and not moderates(ask.user, ask.role)
end

local function answer(ask)
  local mute = mute_of(ask.user, now)
  if mute and not mute.shadow then
    return mute_refusal(mute, now)
  end
  if must_obey(ask) then
    local spoke_ms = slow_ms > 0 and tonumber(redis.call('HGET', K.spoke, ask.user) or nil) or nil
    local refused = speaking_refusal(ask, followers_only, slow_ms, spoke_ms, now)
    if refused then
      return refused
    end
    if ask.word == 'block' then
      return { err = 'forbidden',
        msg = 'A word in this question is not allowed here; ask in other words.' }
    end
    if slow_ms > 0 then
      redis.call('HSET', K.spoke, ask.user, int(now))
      redis.call('PEXPIRE', K.spoke, int(slow_ms))   -- whoever spoke before that is free again
    end
  end
  return { ok = true, shadow = mute and true or nil, staff = moderates(ask.user, ask.role) or nil }
end

local outcomes = {}
for i, ask in ipairs(A.asks) do
  if is_stale then
    outcomes[i] = { err = 'stale', msg = 'The rules of this room changed; read them again.' }
  else
    outcomes[i] = answer(ask)
  end
end
return done(outcomes)
