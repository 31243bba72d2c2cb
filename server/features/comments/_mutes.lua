-- Prelude: users whom a moderator muted. Expects K.muted and K.shadow_muted.
-- `muted` says until when. `shadow_muted` has the same time if the user is not told. A server of the
-- version before writes no `shadow_muted`: it adds half a millisecond to the time instead. Where it
-- made another mute since, the times differ, and its own counts.

-- Decodes the two stored values of a user to {until(ms), shadow}; nil if no mute is stored.
local function stored_mute(muted, shadow_muted)
  local until_ms = tonumber(muted)
  if not until_ms then
    return nil
  end
  local whole = math.floor(until_ms)
  return { ['until'] = whole, shadow = until_ms > whole or tonumber(shadow_muted) == whole }
end

-- The same; nil also if the mute has lapsed.
local function mute_in(muted, shadow_muted, now)
  local mute = stored_mute(muted, shadow_muted)
  return mute and mute['until'] > now and mute or nil
end

local function mute_of(user, now)
  local muted = redis.call('HGET', K.muted, user)
  return muted and mute_in(muted, redis.call('HGET', K.shadow_muted, user), now) or nil
end

local function lift_mute(user)
  redis.call('HDEL', K.muted, user)
  redis.call('HDEL', K.shadow_muted, user)
end
