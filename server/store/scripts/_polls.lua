-- Prelude of every script that shows a poll. Expects K.polls K.votes.

-- The newest poll; nil if there is none.
local function newest_poll()
  return nil
end
