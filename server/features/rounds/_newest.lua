-- Prelude: the newest poll and the newest lucky draw. `rounds` is their own hash, K.polls or
-- K.luckies. Expects K.newest.
-- A server of the version before has no K.newest: it keeps the id in a field of `rounds`, among the
-- rounds. That field is still written, and read first, since such a server may run beside this one
-- and may have opened the newest round.

local NEWEST_BEFORE = 'newest'

local function is_round(id)
  return id ~= NEWEST_BEFORE
end

local function count_rounds(rounds)
  return redis.call('HLEN', rounds) - redis.call('HEXISTS', rounds, NEWEST_BEFORE)
end

-- The id of the newest round of a kind (poll, lucky); nil if there is none.
local function newest_round(kind, rounds)
  return redis.call('HGET', rounds, NEWEST_BEFORE) or redis.call('HGET', K.newest, kind) or nil
end

local function put_newest(kind, rounds, id)
  redis.call('HSET', K.newest, kind, id)
  redis.call('HSET', rounds, NEWEST_BEFORE, id)
end
