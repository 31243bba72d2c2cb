-- Opens a lucky draw, and promises its seed.
-- keys: room events bus luckies newest lucky_seeds entrants entered lots ends timeline actions
-- uses: room timeline rounds newest luckies lucky_end
-- durable: yes
-- keyed: yes
-- args: lucky(id) title prizes audience lasts_s(0 = the host draws) seed(secret) luckies_max by?
--   events_max
-- returns: the lucky draw; refuses not_found ended conflict limit_reached
-- holds: one draw a room is open; the seed is told to nobody before it is drawn; the same id again
-- returns the same draw.

local phase = room_phase()
if not phase then
  return no_room()
end
local known = lucky_view(A.lucky)
if known then
  return done(known)
end
if phase == 'ended' then
  return refuse('ended', 'The stream of this room has ended; there is nobody left to enter.')
end
local now = now_ms()
local newest = newest_lucky()
local open = newest and newest.status == 'open'
if open and not is_over(newest, now) then
  return refuse('conflict', 'A lucky draw is open already; draw it before you open another.')
end
local n = count_rounds(K.luckies)
if n >= A.luckies_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.luckies_max)
    .. ' lucky draws, and this one has.')
end

if open then
  draw_lucky(newest)
end
local ends = A.lasts_s > 0 and now + A.lasts_s * 1000 or 0
local lucky = { lucky = A.lucky, title = A.title, prizes = A.prizes, audience = A.audience,
  status = 'open', starts = now, ends = ends, seed_hash = redis.sha1hex(A.seed), n = n + 1 }
redis.call('HSET', K.luckies, A.lucky, cmsgpack.pack(lucky))
put_newest('lucky', K.luckies, A.lucky)
redis.call('HSET', K.lucky_seeds, A.lucky, A.seed)
if ends > 0 then
  redis.call('ZADD', K.ends, int(ends), A.lucky)
end
lucky = lucky_view(A.lucky)
tell_room({ t = 'lucky', lucky = lucky })
record({ k = 'lucky', lucky = lucky })
return done(lucky)
