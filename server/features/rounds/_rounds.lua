-- Prelude of scripts about rounds, which end by themselves. Comes after room; expects K.ends.

-- Whether a round is closed by the clock, even if the room was not told yet.
local function is_over(round, now)
  return round.ends > 0 and now >= round.ends
end
