-- Prelude: the timeline. Comes after room; expects K.timeline, and A.by where somebody acts: the
-- user id of the host or moderator who sent the command.
-- Facts are told to nobody; replay, figures and the log of who did what are read from them. Each is
-- {k = kind, at = ms, by = who acted?, ...}; docs/timeline.md has the kinds.

local TIMELINE_MAX = 2000000   -- some hundred MB at most; the oldest facts of a group go first

local function record(fact)
  fact.at = fact.at or now_ms()
  fact.by = fact.by or A.by
  redis.call('XADD', K.timeline, 'MAXLEN', '~', TIMELINE_MAX, '*', 'e', cmsgpack.pack(fact))
end
