-- Prelude: how a lucky draw is drawn. Comes after room, timeline and luckies; expects K.lucky_seeds
-- K.entrants K.entered K.lots K.ends.

-- A lucky draw that is drawn or can be; nil where there is none. An error for any other.
local function sound_lucky(id)
  local lucky, n = lucky_view(id)
  if lucky then
    local _ = n + lucky.prizes + lucky.starts + lucky.ends
    local drawn = lucky.status == 'drawn'
    local open = lucky.status == 'open' and redis.call('HGET', K.lucky_seeds, id)
    assert(type(lucky.title) == 'string' and (drawn or open), 'it lacks a part')
  end
  return lucky
end

local function draw_lucky(lucky)
  local id = lucky.lucky
  local _, n = lucky_view(id)
  local users = redis.call('ZRANGEBYLEX', K.entered, entrants_of(id))
  for i, member in ipairs(users) do
    users[i] = string.sub(member, #id + 2)
  end
  local seed = redis.call('HGET', K.lucky_seeds, id)
  local winners, from, to = {}, entrants_of(id)
  for i, lot in ipairs(redis.call('ZRANGEBYLEX', K.lots, from, to, 'LIMIT', 0, lucky.prizes)) do
    local user = string.sub(lot, #id + 42)   -- behind <lucky>/ and 40 digits of the hash
    winners[i] = { user = user, name = redis.call('HGET', K.entrants, id .. '/' .. user) }
  end
  lucky.status, lucky.seed, lucky.winners, lucky.entries = 'drawn', seed, winners, #users
  lucky.entrants_hash = redis.sha1hex(table.concat(users, '\n'))
  lucky.n = n
  redis.call('HSET', K.luckies, id, cmsgpack.pack(lucky))
  lucky.n = nil
  redis.call('HDEL', K.lucky_seeds, id)
  redis.call('ZREMRANGEBYLEX', K.lots, from, to)
  redis.call('ZREM', K.ends, id)
  tell_room({ t = 'lucky', lucky = lucky })
  record({ k = 'lucky', lucky = lucky })
end
