-- Reads what is planned.
-- keys: room rundown
-- uses: room rundown
-- args: none
-- returns: {items({item kind title does at lasts_s done}, in order) scheduled started(both ms, 0 = unknown)};
--   refuses not_found
-- holds: changes nothing.

if not room_phase() then
  return no_room()
end
local items = {}
for _, item in ipairs(rundown_order()) do
  items[#items + 1] = readable('rundown ' .. item, rundown_item, item)
end
local at = redis.call('HMGET', K.room, 'scheduled', 'started')
return done({ items = items, scheduled = tonumber(at[1] or 0), started = tonumber(at[2] or 0) })
