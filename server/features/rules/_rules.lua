-- Prelude: the version of a room's rules. Comes after room.

-- Sets a new version, so comments judged by earlier rules are stale. The version contains the
-- clock, so that it stays unique even if Redis restarts without the last changes.
local function rules_changed()
  local ver = tonumber(redis.call('HGET', K.room, 'rules_ver') or 0)
  redis.call('HSET', K.room, 'rules_ver', int(math.max(ver + 1, now_ms())))
end
