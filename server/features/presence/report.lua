-- Takes one worker's count of connections and the users it newly saw, and adds up the room's.
-- keys: room events bus presence viewers
-- uses: room
-- args: worker now_count viewers = {user, ...} stale_ms
-- returns: {now, total}; refuses not_found
-- holds: a worker that stopped reporting is not counted. The room is told, and shows, a count anew
-- when it differs from the one it shows by a hundredth or more: each telling costs a write a viewer.

if not room_phase() then
  return no_room()
end
local ms = now_ms()
if A.now_count > 0 then
  redis.call('HSET', K.presence, A.worker, cmsgpack.pack({ n = A.now_count, at = ms }))
else
  redis.call('HDEL', K.presence, A.worker)
end
for i = 1, #A.viewers, 1000 do   -- unpack() holds a few thousand values at most
  redis.call('PFADD', K.viewers, unpack(A.viewers, i, math.min(i + 999, #A.viewers)))
end

local now = 0
local flat = redis.call('HGETALL', K.presence)
for i = 1, #flat, 2 do
  local report = cmsgpack.unpack(flat[i + 1])
  if ms - report.at > A.stale_ms then
    redis.call('HDEL', K.presence, flat[i])
  else
    now = now + report.n
  end
end
local total = redis.call('PFCOUNT', K.viewers)

local function shows(last, count)   -- less than a hundredth is not seen
  last = tonumber(last) or 0
  return math.abs(count - last) >= math.max(1, last / 100)
end

local last = redis.call('HMGET', K.room, 'online', 'viewers')
if shows(last[1], now) or shows(last[2], total) then
  redis.call('HSET', K.room, 'online', int(now), 'viewers', int(total))
  mention({ t = 'online', now = now, total = total })
end
return done({ now = now, total = total })
