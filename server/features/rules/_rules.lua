-- Prelude: the version of a room's rules. Comes after room.

-- Comments judged by earlier rules are stale from now on. The clock is in it so that a version
-- means one thing only, also when Redis came back without the last changes.
local function rules_changed()
  local ver = tonumber(redis.call('HGET', K.room, 'rules_ver') or 0)
  redis.call('HSET', K.room, 'rules_ver', int(math.max(ver + 1, now_ms())))
end
