-- Prelude of the outbox; comes after the prelude room. Expects K.ledger K.stats K.outbox
-- K.outbox_replays K.dead_letters.
-- The hash `outbox` of a room: `told` is the place of the last entry that was told or given up;
-- `owner` and `until` say which worker is telling, and until when; `stuck`, `tries`, `since`, `again_at` and
-- `why` are about posts that failed in a row; `suspects` is the number of the last line of a post of
-- several entries that failed; `head_at` is the time of the first line that waits;
-- `dead` and `replays` count the dead letters, and those that are to be told again.

local function number(text)
  return tonumber(text or '') or 0
end

-- The number of the last line of an entry.
local function n_of(place)
  return number(string.match(place, '^%d+'))
end

-- The place that an older version came to: it kept it in a consumer group, and what failed among
-- that group's pending entries. From the first of these on everything is told again.
local function told_before()
  if redis.call('EXISTS', K.ledger) == 0 then
    return '0-0'
  end
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', K.ledger)) do
    local group = {}
    for i = 1, #flat, 2 do
      group[flat[i]] = flat[i + 1]
    end
    if group.name == 'outbox' then
      local first = group.pending > 0 and redis.call('XPENDING', K.ledger, 'outbox')[2]
      return first and int(math.max(n_of(first) - 1, 0)) .. '-0' or group['last-delivered-id']
    end
  end
  return '0-0'
end

-- Whether this worker is the one that tells now.
local function is_owner()
  return redis.call('HGET', K.outbox, 'owner') == A.worker
end

-- Ends the turn of this worker, and forgets what failed before.
local function forget_failures()
  redis.call('HDEL', K.outbox, 'owner', 'until', 'stuck', 'tries', 'since', 'again_at', 'why',
    'head_at')
end

local function count_letters()
  redis.call('HSET', K.outbox, 'dead', redis.call('HLEN', K.dead_letters),
    'replays', redis.call('ZCARD', K.outbox_replays))
end

local function bury(place, why)
  redis.call('HSET', K.dead_letters, place,
    cmsgpack.pack({ place = place, why = why, at = now_ms() }))
end
