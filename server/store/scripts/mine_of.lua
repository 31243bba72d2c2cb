-- Reads several users' own earlier actions in a room: their part of the reply to `join`.
-- keys: room
-- uses: room
-- parts: mine(users, mine, packed, of_each)
-- args: users
-- returns: per user the fields that the parts add (House.mine); refuses not_found
-- holds: changes nothing.
--
-- A part sets fields of `mine[i]`, or of `packed[i]` if it has the value packed already.
-- `of_each(key, of)` reads one hash field per user: `<of>/<user>`, or `<user>` without `of`.

if not room_phase() then
  return no_room()
end
local users = A.users

local function of_each(key, of)
  local fields = {}
  for i, user in ipairs(users) do
    fields[i] = of and (of .. '/' .. user) or user
  end
  return redis.call('HMGET', key, unpack(fields))
end

local mine, packed = {}, {}
for i = 1, #users do
  mine[i], packed[i] = {}, {}
end
for _, part in ipairs(PARTS) do
  part(users, mine, packed, of_each)
end

local answer = { array_head(#users) }
for i = 1, #users do
  local fields, n = {}, 0
  for name, value in pairs(mine[i]) do
    fields[#fields + 1], n = cmsgpack.pack(name, value), n + 1
  end
  for name, bytes in pairs(packed[i]) do
    fields[#fields + 1], n = cmsgpack.pack(name) .. bytes, n + 1
  end
  answer[#answer + 1] = string.char(0x80 + n) .. table.concat(fields)   -- at most 15 fields
end
return table.concat(answer)
