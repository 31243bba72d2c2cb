-- Prelude: comments that wait for a moderator. Comes after room; expects K.review and
-- K.review_order.

local HELD_TOLD = 50   -- the oldest; all of them stand in `review`

-- The oldest held comments, at most this many, and the number of all.
local function held_views(most)
  local told, ids = {}, redis.call('ZRANGE', K.review_order, 0, most - 1)
  for i, raw in ipairs(#ids > 0 and redis.call('HMGET', K.review, unpack(ids)) or {}) do
    local one = cmsgpack.unpack(raw)
    told[i] = { id = one.id, user = one.user, name = one.name, text = one.text, ts = one.ts,
      why = one.why }
  end
  return told, redis.call('HLEN', K.review)
end

local function hold(view)
  redis.call('HSET', K.review, view.id, cmsgpack.pack(view))
  redis.call('ZADD', K.review_order, int(view.ts), view.id)
end

local function let_go(id)
  redis.call('HDEL', K.review, id)
  redis.call('ZREM', K.review_order, id)
end

-- Sends the held comments to host and moderators. Call it after the writes.
local function tell_review()
  local told, total = held_views(HELD_TOLD)
  mention_staff({ t = 'review', held = told, total = total })
end

-- Throws away all held comments of a user; returns whether there were any.
local function drop_held(user)
  local dropped = false
  local flat = redis.call('HGETALL', K.review)
  for i = 1, #flat, 2 do
    if cmsgpack.unpack(flat[i + 1]).user == user then
      let_go(flat[i])
      dropped = true
    end
  end
  return dropped
end
