-- Prelude: comments that wait for a moderator. Comes after room; expects K.review.

local HELD_TOLD = 50   -- the oldest; all of them stand in `review`

-- The oldest that wait, at most so many, and how many do.
local function held_views(most)
  local held = {}
  for i, raw in ipairs(redis.call('HVALS', K.review)) do
    held[i] = cmsgpack.unpack(raw)
  end
  table.sort(held, function(a, b) return a.ts < b.ts or (a.ts == b.ts and a.id < b.id) end)
  local told = {}
  for i = 1, math.min(#held, most) do
    local one = held[i]
    told[i] = { id = one.id, user = one.user, name = one.name, text = one.text, ts = one.ts,
      why = one.why }
  end
  return told, #held
end

-- Tells host and moderators what waits now. Called after the writes.
local function tell_review()
  local told, total = held_views(HELD_TOLD)
  mention_staff({ t = 'review', held = told, total = total })
end

-- Throws away what a user has waiting; returns whether there was something.
local function drop_held(user)
  local dropped = false
  local flat = redis.call('HGETALL', K.review)
  for i = 1, #flat, 2 do
    if cmsgpack.unpack(flat[i + 1]).user == user then
      redis.call('HDEL', K.review, flat[i])
      dropped = true
    end
  end
  return dropped
end
