-- Puts an item before another one, or at the end.
-- keys: room events bus rundown
-- uses: room rundown
-- args: item before('' = at the end) events_max
-- returns: {item}; refuses not_found
-- holds: `order` names the same items as before.

if not room_phase() then
  return no_room()
end
for _, item in ipairs({ A.item, A.before ~= '' and A.before or nil }) do
  if not rundown_item(item) then
    return no_item(item)
  end
end
if A.item ~= A.before then
  keep_order(order_with(rundown_order(), A.item, A.before))
  tell_rundown()
end
return done({ item = A.item })
