-- Notes that an item is done, or that it is not.
-- keys: room events bus rundown
-- uses: room rundown
-- args: item done once(refuse what is done already) events_max
-- returns: the item; refuses not_found conflict
-- holds: of two who do one item at once, one is refused.

if not room_phase() then
  return no_room()
end
local item = rundown_item(A.item)
if not item then
  return no_item(A.item)
end
if A.once and item.done > 0 then
  return refuse('conflict', 'This item is done already; mark it as not done to do it again.')
end
if A.done ~= (item.done > 0) then
  item.done = A.done and now_ms() or 0
  redis.call('HSET', K.rundown, A.item, cmsgpack.pack(item))
  tell_rundown()
end
return done(item)
