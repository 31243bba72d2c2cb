-- Prelude: how comments become part of the room. Comes after room; expects K.room and K.recent.

local AUTHORS_MAX = 200000   -- beyond this, those remembered longest count as new again

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

-- Forgets the authors beyond AUTHORS_MAX in `spoken` or `passed`, the oldest times first.
local function forget_authors(key)
  redis.call('ZREMRANGEBYRANK', key, 0, -AUTHORS_MAX - 1)
end
