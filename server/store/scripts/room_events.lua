-- Reads the must-events after a position, to fill a loss or to resume a viewer.
-- keys: room events
-- uses: room
-- args: from_seq from_sub count
-- returns: {events = {{seq, sub, user or '', event}, ...}, first? = {seq, sub} of the oldest event
-- kept, gap, epoch, seq, sub}: `gap` says that events between the position asked for and the first
-- of `events` are kept no longer, or that the position is ahead of the room's. More are left when
-- the last of `events` is not at (seq, sub). `here?` is the event at the position asked for; without
-- one, `trimmed` says that it may have been cut off. Refuses not_found.
-- holds: changes nothing; without `gap`, `events` is contiguous with the position asked for.

if not room_phase() then
  return no_room()
end
local function place(id)
  local a, b = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(a), tonumber(b)
end

local events = {}   -- packed { seq, sub, user or '', event } with the event as it was told, byte for byte
local after = '(' .. int(A.from_seq) .. '-' .. int(A.from_sub)
local first_s, first_b
for i, entry in ipairs(redis.call('XRANGE', K.events, after, '+', 'COUNT', A.count)) do
  local s, b = place(entry[1])
  local values = entry[2]
  if i == 1 then
    first_s, first_b = s, b
  end
  events[i] = '\148' .. cmsgpack.pack(s, b, values[4] or '') .. values[2]
end

local here = redis.call('XRANGE', K.events, string.sub(after, 2), string.sub(after, 2))[1]
local oldest = redis.call('XRANGE', K.events, '-', '+', 'COUNT', 1)[1]
local at = redis.call('HMGET', K.room, 'epoch', 'seq', 'sub')
local room_seq, room_sub = tonumber(at[2]), tonumber(at[3])

local gap
if first_s then
  local s, b = first_s, first_b
  local follows = (s == A.from_seq and b == A.from_sub + 1) or (s == A.from_seq + 1 and b == 0)
  gap = not follows
else
  gap = not (A.from_seq == room_seq and A.from_sub == room_sub)
end
local trimmed = not here
if oldest and not here then
  local s, b = place(oldest[1])
  trimmed = s > A.from_seq or (s == A.from_seq and b > A.from_sub)
end
local rest = { first = oldest and { place(oldest[1]) } or nil, gap = gap, trimmed = trimmed,
  epoch = at[1], seq = room_seq, sub = room_sub }
local n = 1 + (here and 1 or 0)
for _ in pairs(rest) do
  n = n + 1
end
return reply(string.char(0x80 + n) .. string.sub(cmsgpack.pack(rest), 2)
  .. cmsgpack.pack('events') .. array_head(#events) .. table.concat(events)
  .. (here and cmsgpack.pack('here') .. here[2][2] or ''))
