-- Prelude of every script that shows a lucky draw. Comes after newest; expects K.luckies
-- K.entered.
-- `entered` is one zset for all draws of the room: its members, <lucky>/<user>, have score 0, so
-- those of one draw stand together, in the order of the users' bytes.

local function entrants_of(id)
  return '[' .. id .. '/', '(' .. id .. '0'   -- 0 comes right after /
end

-- One lucky draw as the wire knows it (messages.Lucky); nil where there is none. `n` is its place
-- in the order of opening.
local function lucky_view(id)
  local raw = is_round(id) and redis.call('HGET', K.luckies, id)
  if not raw then
    return nil
  end
  local lucky = cmsgpack.unpack(raw)
  local n = lucky.n
  lucky.n = nil
  lucky.entries = redis.call('ZLEXCOUNT', K.entered, entrants_of(id))
  return lucky, n
end

-- The newest lucky draw; nil if there is none.
local function newest_lucky()
  local id = newest_round('lucky', K.luckies)
  return id and lucky_view(id) or nil
end
