-- Notes that an item is done, or that it is not.
-- keys: room events bus rundown
-- uses: room rundown
-- args: item done events_max
-- returns: {}; refuses not_found
-- holds: what the team says of an item counts: a press that was under way is forgotten.

if not room_phase() then
  return no_room()
end
local item = rundown_item(A.item)
if not item then
  return no_item(A.item)
end
local changed = A.done ~= (item.done > 0)
if changed then
  item.done = A.done and now_ms() or 0
end
if changed or item.press then
  item.press = nil
  redis.call('HSET', K.rundown, A.item, cmsgpack.pack(item))
end
if changed then
  tell_rundown()
end
return done({})
