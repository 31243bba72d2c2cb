-- Prelude: how comments become part of the room. Comes after room; expects K.room and K.recent.

local SPOKEN_MAX = 200000   -- beyond this, the users who spoke longest ago count as new again

-- Shows comments {id, user, name, role, text, ts} to the room; returns what `done` takes as extra.
local function show(views, recent_max)
  for i, view in ipairs(views) do
    if i > #views - recent_max then
      redis.call('LPUSH', K.recent, cmsgpack.pack(view))
    end
    view.t = 'comment'
    mention(view)
    view.t = nil
  end
  redis.call('LTRIM', K.recent, 0, recent_max - 1)
  return { comments_after = redis.call('HINCRBY', K.room, 'comments', #views) }
end

-- Remembers since when these users speak here: {ms, user, ms, user, ...}. Expects K.spoken.
local function remember_spoken(pairs_, how)
  if #pairs_ > 0 then
    redis.call('ZADD', K.spoken, how, unpack(pairs_))
    redis.call('ZREMRANGEBYRANK', K.spoken, 0, -SPOKEN_MAX - 1)
  end
end
