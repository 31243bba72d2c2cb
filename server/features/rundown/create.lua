-- A new room begins with what was planned in an earlier one: A.rundown, if its shelf was asked for.
-- keys: rundown

local order = {}
for i, value in ipairs(A.rundown or {}) do
  value.done, order[i] = 0, value.item
  redis.call('HSET', K.rundown, value.item, cmsgpack.pack(value))
end
if #order > 0 then
  redis.call('HSET', K.rundown, 'order', table.concat(order, ','), 'ver', 1)
end
