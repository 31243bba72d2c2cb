-- Reads the own orders of several users.
-- keys: orders orders_of
-- args: users orders_max(per user)
-- returns: per user a list of orders, newest first
-- holds: changes nothing.

local lists = {}
for i, user in ipairs(A.users) do
  local list = {}
  local raw = redis.call('HGET', K.orders_of, user)
  local ids = raw and cmsgpack.unpack(raw) or {}
  for at = #ids, math.max(1, #ids - A.orders_max + 1), -1 do
    list[#list + 1] = cmsgpack.unpack(redis.call('HGET', K.orders, ids[at]))
  end
  lists[i] = list
end
return cmsgpack.pack(lists)
