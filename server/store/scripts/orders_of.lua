-- Reads the own orders of several users.
-- keys: orders orders_of
-- uses: room
-- args: users orders_max(per user)
-- returns: per user a list of orders, newest first
-- holds: changes nothing.

local lists = { array_head(#A.users) }
for i, user in ipairs(A.users) do
  local ids = {}
  for id in string.gmatch(redis.call('HGET', K.orders_of, user) or '', '%S+') do
    ids[#ids + 1] = id
  end
  local list = { '' }
  for at = #ids, math.max(1, #ids - A.orders_max + 1), -1 do
    list[#list + 1] = redis.call('HGET', K.orders, ids[at])
  end
  list[1] = array_head(#list - 1)
  lists[i + 1] = table.concat(list)
end
return table.concat(lists)
