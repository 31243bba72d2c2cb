-- Prelude of every script that changes a room: the clock, the ways to send events, refusals.
-- Expects K.room, K.events and K.bus among the keys, A.publish and A.events_max among the arguments.
-- A script first checks and refuses, then writes and sends, and ends with `return done(result)`.

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Formats numbers for commands: tostring() would keep only 14 digits.
local texts = {}   -- a cache, since one call writes the same times and totals many times

local function int(n)
  local text = texts[n]
  if not text then
    text = string.format('%.0f', n)
    texts[n] = text
  end
  return text
end

local function refuse(code, msg, retry_ms)
  return cmsgpack.pack({ err = code, msg = msg, retry_ms = retry_ms })
end

local function no_room()
  return refuse('not_found', 'There is no room `' .. A.room .. '`; check its id.')
end

-- A name as strangers are shown it: its first letter.
local function masked(name)
  return (string.match(name, '^[%z\1-\127\194-\244][\128-\191]*') or '') .. '**'
end

-- "scheduled", "live" or "ended"; false if there is no room. Scripts check it before they write,
-- since a write without a room would create half a room.
local function room_phase()
  return redis.call('HGET', K.room, 'phase')
end

local damaged = {}        -- row, why it can't be read, row, why, ...
local LATER_MS = 600000   -- a due row that can't be read is looked at again after so long

-- Returns what `read(...)` makes of a stored row, which is named for the operator. If that fails, the
-- row is told in the log, and this returns nil: one bad row must not stop the others. `read` must not
-- write, since what it wrote would stay.
local function readable(row, read, ...)
  local ok, found = pcall(read, ...)
  if ok then
    return found
  end
  local why = type(found) == 'table' and found.err or tostring(found)
  why = string.gsub(why, '^[%w_]+:%d+: ', '')   -- without the place in the script
  damaged[#damaged + 1], damaged[#damaged + 2] = row, why
end

-- What the script returns to the worker: packed bytes, and the rows that it could not read.
local function reply(bytes)
  return #damaged > 0 and { bytes, unpack(damaged) } or bytes
end

-- Settles a due row in the zset `key`: it is gone from there, or, if it can't be read, it waits.
-- `bad` is how many entries `damaged` had before the row was read.
local function settle_due(key, member, bad, now)
  if #damaged > bad then
    redis.call('ZADD', key, int(now + LATER_MS), member)
  else
    redis.call('ZREM', key, member)
  end
end

local says = {}   -- packed { seq, sub, user or '', event }, one per event
local seq, sub, seq0, sub0

local function position()
  if not seq then
    local at = redis.call('HMGET', K.room, 'seq', 'sub')
    seq, sub = tonumber(at[1]), tonumber(at[2])
    seq0, sub0 = seq, sub
  end
end

local function array_head(n)
  if n < 16 then
    return string.char(0x90 + n)
  elseif n < 0x10000 then
    return string.char(0xdc, math.floor(n / 256), n % 256)
  end
  return string.char(0xdd, math.floor(n / 0x1000000), math.floor(n / 0x10000) % 256,
    math.floor(n / 256) % 256, n % 256)
end

local function say(at_seq, at_sub, user, packed)
  says[#says + 1] = '\148' .. cmsgpack.pack(at_seq, at_sub, user) .. packed
end

-- A replica that became the primary may lack events that viewers were told by the old one, which would
-- share their seq with new ones: so the next seq there begins a new epoch, and everybody reads the room
-- afresh. A failover gives Redis a new replication id, and makes the old one its second; a restart has
-- no second.
local function renew_epoch_after_failover()
  local info = redis.call('INFO', 'replication')
  local id = string.match(info, 'master_replid:(%x+)')
  local at = redis.call('HMGET', K.room, 'replication', 'epoch')
  if at[1] == id then
    return
  end
  if at[1] and not string.match(info, 'master_replid2:0+%s') then
    redis.call('HSET', K.room, 'epoch', string.sub(redis.sha1hex(id .. at[2]), 1, 16))
  end
  redis.call('HSET', K.room, 'replication', id)
end

-- Sends a must-event to the whole room: it gets the next seq and stays in the stream. `pack` packs it
-- where a table can't hold all of it.
local function tell_room(event, pack)
  if seq == seq0 then   -- the first one of this call
    renew_epoch_after_failover()
  end
  position()
  seq, sub = seq + 1, 0
  event.seq = seq
  local packed = (pack or cmsgpack.pack)(event)
  say(seq, 0, '', packed)
  redis.call('XADD', K.events, 'MAXLEN', '~', A.events_max, int(seq) .. '-0', 'e', packed)
end

-- Sends a must-event to one user: no seq, but a place in the stream, so that workers can recover it.
-- The same for an event that the caller has packed already.
local function tell_user_packed(user, packed)
  position()
  sub = sub + 1
  say(seq, sub, user, packed)
  redis.call('XADD', K.events, 'MAXLEN', '~', A.events_max, int(seq) .. '-' .. int(sub),
    'e', packed, 'u', user)
end

local function tell_user(user, event)
  tell_user_packed(user, cmsgpack.pack(event))
end

-- Sends a latest- or sample-event: it is only published. `pack` as for `tell_room`.
local function mention(event, pack)
  say(0, 0, '', (pack or cmsgpack.pack)(event))
end

-- Sends a value to one user, or to host and moderators only: it is only published. No user id
-- contains a control character, so no user has the staff's name.
local function whisper(user, event)
  say(0, 0, user, cmsgpack.pack(event))
end

local function mention_staff(event)
  whisper('\1staff', event)
end

-- Publishes all events as one bus message, after all writes. `extra` adds fields to that message.
local function publish(extra)
  if #says == 0 and not extra then
    return
  end
  position()
  if seq ~= seq0 or sub ~= sub0 then
    redis.call('HSET', K.room, 'seq', int(seq), 'sub', int(sub))
  end
  local message = extra or {}
  message.epoch = redis.call('HGET', K.room, 'epoch')
  message.before = { seq0, sub0 }
  message.after = { seq, sub }
  local parts, n = { '', '' }, 1
  for name, value in pairs(message) do
    parts[#parts + 1], n = cmsgpack.pack(name, value), n + 1
  end
  parts[1], parts[2] = string.char(0x80 + n), cmsgpack.pack('says') .. array_head(#says)
  table.insert(parts, 3, table.concat(says))
  redis.call(A.publish, K.bus, table.concat(parts))
end

local function done(result, extra)
  publish(extra)
  return reply(cmsgpack.pack(result))
end
