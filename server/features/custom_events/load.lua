-- Adds the values of custom events, the last changed at the end.
-- keys: custom_values

local found = {}
local flat = redis.call('HGETALL', K.custom_values)
for i = 1, #flat, 2 do
  if string.find(flat[i], '/', 1, true) then
    found[#found + 1] = cmsgpack.unpack(flat[i + 1])
  end
end
table.sort(found, function(a, b) return a.ver < b.ver end)
loaded.stored_values = found
