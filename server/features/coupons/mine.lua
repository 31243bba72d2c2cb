-- Adds `claims`: the coupons they claimed, the oldest first, packed as they are kept.
-- keys: claims claims_of

local AT_ONCE = 1000   -- fields of one HMGET, which Lua puts on its stack
local ids, owners, lists = {}, {}, {}
for i = 1, #users do
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
    if raw then
      table.insert(lists[owners[from + j - 1]], raw)
    end
  end
end
for i, claims in ipairs(lists) do
  packed[i].claims = array_head(#claims) .. table.concat(claims)
end
