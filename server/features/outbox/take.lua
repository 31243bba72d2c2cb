-- Takes what a room has to tell next: the entries behind the last one told, in order, or one dead
-- letter that is to be told again.
-- keys: room ledger stats outbox outbox_replays dead_letters
-- uses: room outbox
-- durable: yes
-- args: worker lease_ms batch_max bytes_max(of all entries; the first always fits)
-- returns: {entries{place bytes} replayed tries}; no entries: nothing may be told now
-- holds: nothing of a practice is told; one worker tells at a time, for lease_ms at most; nothing is told before its pause is over.
-- After a failure, each entry of the failed post is taken alone, so that it is seen which one fails.

local now = now_ms()
local at = redis.call('HMGET', K.outbox, 'told', 'owner', 'until', 'tries', 'again_at', 'turn')
local told, owner, till, tries, again_at = unpack(at, 1, 5)
if (owner and owner ~= A.worker and number(till) > now) or number(again_at) > now then
  return done({ tries = 0, replayed = false, entries = {} })
end
if not told then
  told = told_before()
  redis.call('HSET', K.outbox, 'told', told)
  count_letters()
elseif n_of(told) > number(redis.call('HGET', K.stats, 'entries')) then
  told = '0-0'   -- the ledger was lost and began anew
  redis.call('HDEL', K.outbox, 'suspects')
end
if redis.call('HGET', K.room, 'practice') == '1' then
  -- Nobody is told of a practice.
  redis.call('HSET', K.outbox, 'told', int(number(redis.call('HGET', K.stats, 'entries'))) .. '-0')
  return done({ tries = 0, replayed = false, entries = {} })
end
tries = number(tries)
local one_by_one = tries > 0 or n_of(told) < number(redis.call('HGET', K.outbox, 'suspects'))

local entries, bytes = {}, 0
for _, entry in ipairs(redis.call('XRANGE', K.ledger, '(' .. told, '+',
    'COUNT', one_by_one and 1 or A.batch_max)) do
  local packed = entry[2][2]
  bytes = bytes + #packed
  if #entries > 0 and bytes > A.bytes_max then
    break
  end
  entries[#entries + 1] = { entry[1], packed }
end

-- The time of the first line of an entry; 0 if it can't be read.
local function time_of(packed)
  local head = string.byte(packed, 1)
  local skipped = head == 0xdc and 3 or head == 0xdd and 5 or 1
  local good, _, line = pcall(cmsgpack.unpack_one, packed, skipped)
  return good and type(line) == 'table' and number(line.at) or 0
end

-- Dead letters and new entries take turns, so that neither waits for all of the other.
local replayed = false
local letter = redis.call('ZRANGE', K.outbox_replays, 0, 0)[1]
if letter and (#entries == 0 or (at[6] ~= 'replay' and tries == 0)) then
  replayed = true
  local found = redis.call('XRANGE', K.ledger, letter, letter)[1]
  entries = { { letter, found and found[2][2] or '' } }
end
if #entries > 0 then
  redis.call('HSET', K.outbox, 'owner', A.worker, 'until', int(now + A.lease_ms),
    'turn', replayed and 'replay' or 'new')
  if not replayed then
    redis.call('HSET', K.outbox, 'told', told, 'head_at', int(time_of(entries[1][2])))
  end
end

-- Packed lines as msgpack's bin 32: they may be damaged, and so must not become part of the result.
local parts = {}
for i, entry in ipairs(entries) do
  local n = #entry[2]
  parts[i] = '\146' .. cmsgpack.pack(entry[1]) .. string.char(0xc6, math.floor(n / 0x1000000),
    math.floor(n / 0x10000) % 256, math.floor(n / 256) % 256, n % 256) .. entry[2]
end
return '\131' .. cmsgpack.pack('tries', tries, 'replayed', replayed, 'entries')
  .. array_head(#entries) .. table.concat(parts)
