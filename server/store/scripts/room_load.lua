-- Reads all data that a worker needs to show a room, at one instant. Each feature adds its own.
-- keys: room moderators
-- uses: room
-- parts: load(loaded, now)
-- args: those of the parts
-- returns: {fields, moderators, now(ms), and what the parts add}: `fields` is the room hash (numbers as
-- numbers; epoch, seq and sub say what the rest is as of). Refuses not_found.
-- holds: changes nothing; every part belongs to the same epoch, seq and sub.

if not room_phase() then
  return no_room()
end
local now = now_ms()
local fields = {}
local flat = redis.call('HGETALL', K.room)
for i = 1, #flat, 2 do
  local name, value = flat[i], flat[i + 1]
  fields[name] = not TEXT_FIELDS[name] and tonumber(value) or value
end
local loaded = { fields = fields, moderators = redis.call('HKEYS', K.moderators), now = now }
for _, load in ipairs(PARTS) do
  load(loaded, now)
end
return done(loaded)
