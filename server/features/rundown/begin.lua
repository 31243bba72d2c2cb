-- Begins to do an item, or goes on with a press of which nobody learned what became of it.
-- keys: room rundown
-- uses: room rundown
-- args: item press(the name of a new press)
-- returns: the item, with the name of its press; refuses not_found conflict
-- holds: an item has one press until it is settled, so that all who press meanwhile do the same, once.

if not room_phase() then
  return no_room()
end
local item = rundown_item(A.item)
if not item then
  return no_item(A.item)
end
if item.done > 0 then
  return is_done_already()
end
if not item.press then
  item.press = A.press
  redis.call('HSET', K.rundown, A.item, cmsgpack.pack(item))
end
return done(item)
