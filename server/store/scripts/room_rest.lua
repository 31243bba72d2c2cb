-- Says whether something is pending in a room, now or later; if not, puts it to sleep when asked to.
-- keys: room asleep
-- tombstone: yes
-- parts: pending()
-- args: mark?(under which the room is to sleep), leaving?(the token of an attempt to take it out of
-- Redis), and what the features' parts are told of settings
-- returns: {pending, asleep(the mark under which it sleeps, '' = awake), there, by(the features with
-- something pending, if it is `leaving`)}
-- holds: a stream that is live stays awake: what begins there has no room to wake first. While
-- the mark is there, no script writes what the parts look at. A room that is not there gets no mark,
-- nor does one that leaves Redis: nothing of it may change meanwhile.

local at = redis.call('HMGET', K.room, 'phase', 'kind', 'left')
local leaving = at[3] and A.leaving and at[3] == 'leaving:' .. A.leaving
if at[3] and not leaving then   -- its scripts wake it, or bring it back
  return cmsgpack.pack({ pending = string.sub(at[3], 1, 8) == 'leaving:', there = false, asleep = '' })
end
local pending, by = at[1] == 'live' and at[2] ~= 'group', {}
for n, is_pending in ipairs(PARTS) do
  if (leaving or not pending) and is_pending() == true then
    pending = true
    by[#by + 1] = PART_OF[n]
  end
end
if A.mark and at[1] and not pending then
  redis.call('SET', K.asleep, A.mark)
end
return cmsgpack.pack({ pending = pending, there = at[1] and true or false,
  asleep = redis.call('GET', K.asleep) or '', by = leaving and table.concat(by, ', ') or '' })
