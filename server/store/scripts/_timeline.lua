-- Prelude: the timeline. Comes after room; expects K.timeline and K.actions, and A.by where somebody
-- acts: the user id of the host or moderator who sent the command.
-- Facts are told to nobody; replay and figures are read from them. Each is
-- {k = kind, at = ms, by = who acted?, ...}; docs/timeline.md has the kinds.
-- What somebody stands for is also the log of who did what. It has a stream of its own: viewers make
-- most facts, and must not be able to push out what moderators did.

local TIMELINE_MAX = 2000000   -- the oldest facts go first; docs/timeline.md has how long one can be
local ACTIONS_MAX = 500000

local function record(fact)
  fact.at = fact.at or now_ms()
  fact.by = fact.by or A.by
  local packed = cmsgpack.pack(fact)
  redis.call('XADD', K.timeline, 'MAXLEN', '~', TIMELINE_MAX, '*', 'e', packed)
  if fact.by then
    redis.call('XADD', K.actions, 'MAXLEN', '~', ACTIONS_MAX, '*', 'e', packed)
  end
end
