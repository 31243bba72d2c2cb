-- Prelude of every script that changes a room: the clock, the three ways to speak, refusals.
-- Expects K.room, K.events and K.bus among the keys, A.publish and A.events_max among the arguments.
-- A script calls refuse-checks first, then writes and speaks, and ends with `return done(result)`.

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Numbers that go into a command as text: tostring() would lose digits above 14.
local function int(n)
  return string.format('%.0f', n)
end

local function refuse(code, msg, retry_ms)
  return cmsgpack.pack({ err = code, msg = msg, retry_ms = retry_ms })
end

local function no_room()
  return refuse('not_found', 'There is no room `' .. A.room .. '`; check its id.')
end

-- "scheduled", "live" or "ended"; false where no room is. Scripts ask before they write, since a
-- write to a room that is not there would make half of one.
local function room_phase()
  return redis.call('HGET', K.room, 'phase')
end

local says = {}   -- { seq, sub, user or '', event }
local seq, sub, seq0, sub0

local function position()
  if not seq then
    local at = redis.call('HMGET', K.room, 'seq', 'sub')
    seq, sub = tonumber(at[1]), tonumber(at[2])
    seq0, sub0 = seq, sub
  end
end

-- A must-event to the whole room: gets the next seq and stays in the stream.
local function tell_room(event)
  position()
  seq, sub = seq + 1, 0
  event.seq = seq
  says[#says + 1] = { seq, 0, '', event }
  redis.call('XADD', K.events, 'MAXLEN', '~', A.events_max, int(seq) .. '-0',
    'e', cmsgpack.pack(event))
end

-- A must-event to one user: no seq, but a place in the stream, so that a worker can fill a loss.
local function tell_user(user, event)
  position()
  sub = sub + 1
  says[#says + 1] = { seq, sub, user, event }
  redis.call('XADD', K.events, 'MAXLEN', '~', A.events_max, int(seq) .. '-' .. int(sub),
    'e', cmsgpack.pack(event), 'u', user)
end

-- A latest- or sample-event: only published.
local function mention(event)
  says[#says + 1] = { 0, 0, '', event }
end

-- Everything said goes out as one bus message, after all writes. `extra` joins that message.
local function done(result, extra)
  if #says > 0 then
    position()
    if seq ~= seq0 or sub ~= sub0 then
      redis.call('HSET', K.room, 'seq', int(seq), 'sub', int(sub))
    end
    local message = extra or {}
    message.epoch = redis.call('HGET', K.room, 'epoch')
    message.before = { seq0, sub0 }
    message.after = { seq, sub }
    message.says = says
    redis.call(A.publish, K.bus, cmsgpack.pack(message))
  end
  return cmsgpack.pack(result)
end
