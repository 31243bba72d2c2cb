-- Counts a batch of asks for the link, and tells host and moderators.
-- keys: room events bus timeline actions asks asked
-- uses: room timeline
-- args: asks = {{user, sku('' = no product), by}, ...} again_ms asked_max events_max
-- returns: {counted}; refuses not_found
-- holds: a user counts once for a sku in again_ms, as long as at most asked_max users are
--   remembered; `asks` is the sum of the asks in the timeline.

if not room_phase() then
  return no_room()
end
local now = now_ms()
local pinned = redis.call('HGET', K.room, 'pin') or ''
if redis.call('HLEN', K.asked) >= A.asked_max then
  redis.call('UNLINK', K.asked)
end

local counted = {}
for _, ask in ipairs(A.asks) do
  local field = ask.sku .. '/' .. ask.user
  local last = A.again_ms > 0 and tonumber(redis.call('HGET', K.asked, field) or nil)
  if not last or now - last >= A.again_ms then
    if A.again_ms > 0 then
      redis.call('HSET', K.asked, field, int(now))
    end
    redis.call('HINCRBY', K.asks, ask.sku, 1)
    counted[#counted + 1] = { user = ask.user, sku = ask.sku, by = ask.by, pinned = pinned }
  end
end
if #counted == 0 then
  return done({ counted = 0 })
end

if A.again_ms > 0 then
  redis.call('PEXPIRE', K.asked, int(A.again_ms))   -- older entries would count again anyway
end
record({ k = 'asks', at = now, asks = counted })
local counts = {}
local flat = redis.call('HGETALL', K.asks)
for i = 1, #flat, 2 do
  counts[flat[i]] = tonumber(flat[i + 1])
end
mention_staff({ t = 'asks', counts = counts })
return done({ counted = #counted })
