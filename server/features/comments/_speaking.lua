-- Prelude: the reasons that forbid a user to comment or ask. Comes after room.

local function mute_refusal(mute, now)
  return { err = 'muted', retry_ms = mute['until'] - now,
    msg = 'A moderator muted you here; wait until it lapses.' }
end

-- The reason why a viewer may not speak now; nil if they may. `one` says whether the user `follows`
-- and is `exempt` from slow mode; spoke_ms is the time of their last comment.
local function speaking_refusal(one, followers_only, slow_ms, spoke_ms, now)
  if followers_only and not one.follows then
    return { err = 'forbidden',
      msg = 'Only followers of the host can comment now; follow the host to join in.' }
  end
  if slow_ms > 0 and not one.exempt and (spoke_ms or 0) + slow_ms > now then
    return { err = 'rate_limited', retry_ms = spoke_ms + slow_ms - now,
      msg = 'The room is in slow mode: one comment every ' .. int(slow_ms / 1000) .. ' s.' }
  end
end
