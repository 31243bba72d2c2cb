-- Prelude: the timeline. Comes after room; expects K.timeline and K.actions, and, where staff act,
-- A.by: the user id of the host or moderator who sent the command.
-- Facts are not sent to anybody; replay and figures read them. Each is
-- {k = kind, at = ms, by = who acted?, ...}; docs/timeline.md has the kinds.
-- Facts with `by` also form the log of staff actions. That log has a stream of its own, because
-- viewers cause most facts and must not be able to push the staff's actions out.

local TIMELINE_MAX = 2000000   -- beyond it the oldest facts are dropped; see docs/timeline.md
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
