-- Prelude of scripts about what ends by itself; comes after the prelude room. Expects K.ends.

-- Whether a round takes no more, though nobody may have been told yet.
local function is_over(round, now)
  return round.ends > 0 and now >= round.ends
end
