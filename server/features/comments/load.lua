-- Adds the recent comments, the oldest first: at most A.recent_max; and the pinned one.
-- keys: recent pinned_comment

loaded.recent = {}
if A.recent_max > 0 then
  local newest_first = redis.call('LRANGE', K.recent, 0, A.recent_max - 1)
  for i = #newest_first, 1, -1 do
    loaded.recent[#loaded.recent + 1] = cmsgpack.unpack(newest_first[i])
  end
end

local pinned = redis.call('GET', K.pinned_comment)
if pinned then
  loaded.pinned_comment = cmsgpack.unpack(pinned)
end
