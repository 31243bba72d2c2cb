-- Notes what became of a press: its item is done, or nothing was done and the next press is a new one.
-- keys: room events bus rundown
-- uses: room rundown
-- args: item press done(bool) events_max
-- returns: {}; refuses conflict
-- holds: of those who do one item at once, one is told that it is done, the others that it was already;
-- an item that was marked, changed or removed meanwhile stays as it is.

if not room_phase() then
  return no_room()
end
local item = rundown_item(A.item)
if item and item.press == A.press then
  item.press = nil
  item.done = A.done and now_ms() or 0
  redis.call('HSET', K.rundown, A.item, cmsgpack.pack(item))
  if A.done then
    tell_rundown()
  end
elseif A.done and item and item.done > 0 then
  return is_done_already()
end
return done({})
