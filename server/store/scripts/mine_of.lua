-- Reads what several users have done in a room before: their part of the reply to `join`.
-- keys: reserved claims claims_of polls votes luckies entrants
-- uses: room
-- args: users
-- returns: per user {reserved claims vote? lucky}: see community.Mine, whose other fields are the
-- host's. `vote` is in the newest poll, `lucky` about the newest draw.
-- holds: changes nothing.

local users, n = A.users, #A.users
local AT_ONCE = 1000   -- fields of one HMGET, which Lua puts on its stack

-- The fields `<of>/<user>` of a hash, one a user; false where there is none.
local function of_each(key, of)
  local fields = {}
  for i, user in ipairs(users) do
    fields[i] = of and (of .. '/' .. user) or user
  end
  return redis.call('HMGET', key, unpack(fields))
end

-- The claims of each user, packed as they are kept.
local function packed_claims()
  local ids, owners, lists = {}, {}, {}
  for i = 1, n do
    lists[i] = {}
  end
  for i, found in ipairs(of_each(K.claims_of)) do
    for id in string.gmatch(found or '', '/(%S+)') do
      ids[#ids + 1], owners[#owners + 1] = id, i
    end
  end
  for from = 1, #ids, AT_ONCE do
    local to = math.min(from + AT_ONCE - 1, #ids)
    for j, raw in ipairs(redis.call('HMGET', K.claims, unpack(ids, from, to))) do
      table.insert(lists[owners[from + j - 1]], raw)
    end
  end
  return lists
end

local mine = {}
for i, at in ipairs(of_each(K.reserved)) do
  mine[i] = { reserved = at ~= false, lucky = false }
end
local poll = redis.call('HGET', K.polls, 'newest')
if poll then
  for i, option in ipairs(of_each(K.votes, poll)) do
    mine[i].vote = tonumber(option)
  end
end
local lucky = redis.call('HGET', K.luckies, 'newest')
if lucky then
  for i, entered in ipairs(of_each(K.entrants, lucky)) do
    mine[i].lucky = entered ~= false
  end
end

local parts = { array_head(n) }
for i, claims in ipairs(packed_claims()) do
  parts[#parts + 1] = string.char(mine[i].vote and 0x84 or 0x83)   -- a map of so many pairs
  for name, value in pairs(mine[i]) do
    parts[#parts + 1] = cmsgpack.pack(name, value)
  end
  parts[#parts + 1] = cmsgpack.pack('claims') .. array_head(#claims) .. table.concat(claims)
end
return table.concat(parts)
