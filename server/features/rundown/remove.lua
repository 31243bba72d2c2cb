-- Takes an item out of the rundown.
-- keys: room events bus rundown
-- uses: room rundown
-- args: item events_max
-- returns: {item}; refuses not_found
-- holds: `order` names what is left, in its order.

if not room_phase() then
  return no_room()
end
if not rundown_item(A.item) then
  return no_item(A.item)
end
local order = {}
for _, each in ipairs(rundown_order()) do
  if each ~= A.item then
    order[#order + 1] = each
  end
end
redis.call('HDEL', K.rundown, A.item)
keep_order(order)
tell_rundown()
return done({ item = A.item })
