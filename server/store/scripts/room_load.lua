-- Reads all a worker needs to show a room, as of one instant.
-- keys: room shelf shelf_order sales stock recent muted moderators coupons coupon_counts questions polls votes luckies entered
-- uses: room sales coupons questions polls luckies
-- args: recent_max answers_max?(0)
-- returns: {fields, shelf, sales, recent, muted?, coupons, question?, answers, poll?, lucky?, moderators, now(ms)}: `fields` is the room hash (numbers as
-- numbers; epoch, seq and sub say what the rest is as of), `shelf` and `sales` are in order,
-- `recent` is oldest first, `muted` maps users who were told so to their until(ms). Refuses not_found.
-- holds: changes nothing; every part belongs to the same epoch, seq and sub.

if not room_phase() then
  return no_room()
end
local now = now_ms()

local TEXT = { room = 1, title = 1, host = 1, host_name = 1, phase = 1, stream_url = 1,
  embed_url = 1, epoch = 1, pin = 1, notice = 1, kind = 1, group = 1 }
local fields = {}
local flat = redis.call('HGETALL', K.room)
for i = 1, #flat, 2 do
  local name, value = flat[i], flat[i + 1]
  fields[name] = not TEXT[name] and tonumber(value) or value
end

local shelf = {}
for i, sku in ipairs(redis.call('ZRANGE', K.shelf_order, 0, -1)) do
  shelf[i] = cmsgpack.unpack(redis.call('HGET', K.shelf, sku))
end

local recent = {}
if A.recent_max > 0 then
  local newest_first = redis.call('LRANGE', K.recent, 0, A.recent_max - 1)
  for i = #newest_first, 1, -1 do
    recent[#recent + 1] = cmsgpack.unpack(newest_first[i])
  end
end

-- Left out when nobody is muted: an empty table would arrive as a list.
local muted
flat = redis.call('HGETALL', K.muted)
for i = 1, #flat, 2 do
  local until_ms = tonumber(flat[i + 1])
  if until_ms > now and until_ms == math.floor(until_ms) then   -- the others are in the shadow
    muted = muted or {}
    muted[flat[i]] = until_ms
  end
end

local question, answers = question_views(A.answers_max or 0)
return done({ fields = fields, shelf = shelf, sales = sale_views(), recent = recent,
  muted = muted, coupons = coupon_views(), question = question, answers = answers,
  poll = newest_poll(), lucky = newest_lucky(),
  moderators = redis.call('HKEYS', K.moderators), now = now })
