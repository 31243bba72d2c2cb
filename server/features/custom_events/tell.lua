-- Tells a custom event to the room, and keeps the newest value of each name and item.
-- keys: room events bus custom_values timeline actions
-- uses: room timeline
-- keyed: yes
-- args: name item('' = none) delivery(must|latest|sample) data(packed) json(its text, '' = none)
--   values_max bytes_max by? events_max
-- returns: {told seq?(must) ver?(latest)}; refuses not_found limit_reached
-- holds: `ver` rises with each value; the bytes of all values are at most bytes_max. A value that
-- was taken away keeps its place and its ver, so that workers take no older one for newer.

if not room_phase() then
  return no_room()
end

-- Packs an event with its data, whose empty lists, null and floats a Lua table would lose.
local function with_data(event)
  local n = 1
  for _ in pairs(event) do
    n = n + 1
  end
  return string.char(0x80 + n) .. string.sub(cmsgpack.pack(event), 2) .. cmsgpack.pack('data') .. A.data
end

if A.delivery == 'sample' then
  mention({ t = 'custom_sample', name = A.name }, with_data)
  return done({ told = true })
elseif A.delivery == 'must' then
  local event = { t = 'custom', name = A.name }
  tell_room(event, with_data)
  record({ k = 'custom', name = A.name })
  return done({ told = true, seq = event.seq })
end

local field = A.name .. '/' .. A.item
local raw = redis.call('HGET', K.custom_values, field)
local known = raw and cmsgpack.unpack(raw) or nil
if A.json == '' and (not known or known.json == '') then
  return done({ told = false })   -- there is none to take away
elseif not known and redis.call('HLEN', K.custom_values) - 2 >= A.values_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.values_max) .. ' values, by name and '
    .. 'item, those taken away too; use the same again.')
end
local bytes = tonumber(redis.call('HGET', K.custom_values, 'bytes') or 0)
  - #(known and known.json or '') + #A.json
if bytes > A.bytes_max then
  return refuse('limit_reached', 'The values of a room can have ' .. int(A.bytes_max)
    .. ' bytes together, as JSON; take some away, or send less.')
end
local ver, now = redis.call('HINCRBY', K.custom_values, 'ver', 1), now_ms()
redis.call('HSET', K.custom_values, 'bytes', int(bytes), field, cmsgpack.pack({ name = A.name,
  item = A.item, ver = ver, at = now, json = A.json }))
mention({ t = 'custom_latest', name = A.name, item = A.item, ver = ver, at = now }, with_data)
return done({ told = true, ver = ver })
