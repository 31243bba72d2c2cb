-- Prelude of every script that writes the ledger; comes after the prelude room.
-- Expects K.room K.ledger K.stats. A call collects lines and counts; write_ledger() writes them.

local tally = {}                -- field of `stats` -> change
local lines = {}                -- packed ledger lines
local room                      -- see room_at()

-- The room's phase (false: no room), whether it sells (live, or ended and still selling), and what
-- its orders are marked with.
local function room_at()
  if not room then
    local at = redis.call('HMGET', K.room, 'phase', 'kind', 'selling', 'practice')
    room = { phase = at[1], sells = at[1] == 'live' or at[1] == 'ended' and at[3] == '1',
      group = at[2] == 'group' or nil, replay = at[1] == 'ended' or nil,
      practice = at[4] == '1' or nil }
  end
  return room
end

local function count(field, n)
  tally[field] = (tally[field] or 0) + n
end

-- A line of the ledger. All lines of a call are one entry of the stream, whose place is the number
-- of its last line, so that a lost one would show.
local function log(line)
  lines[#lines + 1] = cmsgpack.pack(line)
end

-- Sets many fields of a hash in few commands; `flat` is {field, value, field, value, ...}.
local function set_fields(key, flat)
  for first = 1, #flat, 1000 do
    redis.call('HSET', key, unpack(flat, first, math.min(first + 999, #flat)))
  end
end

-- Writes the lines and counts of this call. Call it once, last before done().
local function write_ledger()
  if #lines == 0 then
    return
  end
  for field, n in pairs(tally) do
    redis.call('HINCRBY', K.stats, field, int(n))
  end
  redis.call('XADD', K.ledger, int(redis.call('HINCRBY', K.stats, 'entries', #lines)) .. '-0',
    'e', array_head(#lines) .. table.concat(lines))
end
