-- Prelude: how a poll closes and a lucky draw is drawn. Comes after room, timeline, polls and
-- luckies; expects K.votes K.lucky_seeds K.entrants K.ends.

-- Whether a poll or a draw takes no more, though nobody may have been told yet.
local function is_over(round, now)
  return round.ends > 0 and now >= round.ends
end

local function close_poll(poll)
  local id = poll.poll
  poll.status, poll.ver = 'closed', poll.ver + 1
  redis.call('HSET', K.votes, id .. ':status', 'closed', id .. ':ver', int(poll.ver))
  redis.call('ZREM', K.ends, id)
  tell_room({ t = 'poll', poll = poll })
  record({ k = 'poll', poll = poll })
end

-- Texts are compared in Lua by the rules of a language, hashes must be by their value.
local function is_lower(a, b)
  if a[1] ~= b[1] then
    return a[1] < b[1]
  end
  return a[2] < b[2]
end

-- The `prizes` users whose SHA-1(seed + " " + user) is lowest, the lowest first.
local function lowest(seed, users, prizes)
  local best = {}
  for _, user in ipairs(users) do
    local hash = redis.sha1hex(seed .. ' ' .. user)
    local lot = { tonumber(string.sub(hash, 1, 13), 16), tonumber(string.sub(hash, 14, 26), 16),
      user }
    if #best < prizes or is_lower(lot, best[#best]) then
      local place = #best < prizes and #best + 1 or #best
      while place > 1 and is_lower(lot, best[place - 1]) do
        best[place] = best[place - 1]
        place = place - 1
      end
      best[place] = lot
    end
  end
  return best
end

local function draw_lucky(lucky)
  local id = lucky.lucky
  local _, n = lucky_view(id)
  local users = redis.call('ZRANGEBYLEX', K.entered, entrants_of(id))
  for i, member in ipairs(users) do
    users[i] = string.sub(member, #id + 2)
  end
  local seed = redis.call('HGET', K.lucky_seeds, id)
  local winners = {}
  for i, lot in ipairs(lowest(seed, users, lucky.prizes)) do
    winners[i] = { user = lot[3], name = redis.call('HGET', K.entrants, id .. '/' .. lot[3]) }
  end
  lucky.status, lucky.seed, lucky.winners, lucky.entries = 'drawn', seed, winners, #users
  lucky.entrants_hash = redis.sha1hex(table.concat(users, '\n'))
  lucky.n = n
  redis.call('HSET', K.luckies, id, cmsgpack.pack(lucky))
  lucky.n = nil
  redis.call('HDEL', K.lucky_seeds, id)
  redis.call('ZREM', K.ends, id)
  tell_room({ t = 'lucky', lucky = lucky })
  record({ k = 'lucky', lucky = lucky })
end
