-- Plans something new, or changes what is planned.
-- keys: room events bus rundown
-- uses: room rundown
-- keyed: yes
-- args: value({item kind title does at lasts_s}) is_new before('' = at the end) items_max events_max
-- returns: {item}; refuses not_found limit_reached
-- holds: `order` names each item once; a changed one stays where it is, and done or not. While it does
-- the same as before, a press that is not settled goes on being the same.

if not room_phase() then
  return no_room()
end
local value, order = A.value, rundown_order()
local known = rundown_item(value.item)
if not A.is_new and not known then
  return no_item(value.item)
end
if A.before ~= '' and not rundown_item(A.before) then
  return no_item(A.before)
end
if A.is_new and #order >= A.items_max then
  return refuse('limit_reached', 'A rundown can have ' .. int(A.items_max) .. ' items; remove some first.')
end
value.done = known and known.done or 0
if known and known.kind == value.kind and known.does == value.does then
  value.press = known.press
end
redis.call('HSET', K.rundown, value.item, cmsgpack.pack(value))
if A.is_new then
  keep_order(order_with(order, value.item, A.before))
end
tell_rundown()
return done({ item = value.item })
