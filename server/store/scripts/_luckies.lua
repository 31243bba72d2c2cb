-- Prelude of every script that shows a lucky draw. Expects K.luckies.

-- The newest lucky draw; nil if there is none.
local function newest_lucky()
  return nil
end
