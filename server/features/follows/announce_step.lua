-- Takes one step of announcing a start, or that a room was cancelled: writes users into the ledger,
-- which the outbox posts.
-- keys: room announcing reserved called_off ledger stats timeline actions
-- uses: room timeline
-- args: step next('' = none) wait_ms(until next is due) why?(reserved|follow) users? users_max(a line)
--   cancelled(bool)
-- returns: {done}: false when another worker has taken this step
-- holds: a step is taken once; its users, its lines and the place where to go on are one change.
-- A user who reserved is told for that reason only, not again as a follower.

local now = now_ms()
if redis.call('ZREM', K.announcing, A.step) == 0 then
  return done({ done = false })
end
if A.next ~= '' then
  redis.call('ZADD', K.announcing, int(now + A.wait_ms), A.next)
end
if A.step == 'forget' then
  if redis.call('ZCARD', K.announcing) > 0 then
    redis.call('ZADD', K.announcing, int(now + A.wait_ms), A.step)
  else
    redis.call('UNLINK', K.called_off)
  end
  return done({ done = true })
end

local users = A.users or {}
local places = A.cancelled and K.called_off or K.reserved
if A.why == 'follow' then
  local others = {}
  for first = 1, #users, 1000 do
    local part = { unpack(users, first, math.min(first + 999, #users)) }
    for i, reserved in ipairs(redis.call('HMGET', places, unpack(part))) do
      if not reserved then
        others[#others + 1] = part[i]
      end
    end
  end
  users = others
end
if #users == 0 then
  return done({ done = true })
end

local at_room = redis.call('HMGET', K.room, 'title', 'cancel_reason')
local kind = A.cancelled and 'called_off' or 'announced'
local reason = A.cancelled and at_room[2] or nil
local lines = {}
for first = 1, #users, A.users_max do
  local part = { unpack(users, first, math.min(first + A.users_max - 1, #users)) }
  lines[#lines + 1] = cmsgpack.pack({ k = kind, at = now, to = A.why, room = A.room,
    title = at_room[1], reason = reason, users = part })
end
-- An entry as `_orders.lua` writes them: its place is the number of its last line.
redis.call('XADD', K.ledger, int(redis.call('HINCRBY', K.stats, 'entries', #lines)) .. '-0',
  'e', array_head(#lines) .. table.concat(lines))
if A.cancelled then
  record({ k = 'called_off', at = now, to = 'outbox', why = A.why, n = #users })
else
  record({ k = 'announced', at = now, to = 'outbox', why = A.why, n = #users })
end
return done({ done = true })
