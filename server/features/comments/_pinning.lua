-- Prelude: the pinned comment. Comes after room; expects K.room and K.pinned_comment.

-- Tells everybody which comment is pinned now: `comment`, or none for nil.
local function put_pinned(comment)
  if comment then
    redis.call('SET', K.pinned_comment, cmsgpack.pack(comment))
  else
    redis.call('DEL', K.pinned_comment)
  end
  mention({ t = 'comment_pin', ver = redis.call('HINCRBY', K.room, 'comment_pin_ver', 1),
    comment = comment })
end

local function pinned_comment()
  local raw = redis.call('GET', K.pinned_comment)
  return raw and cmsgpack.unpack(raw) or nil
end

-- Unpins the pinned comment if `is_meant(comment)` says so.
local function unpin_if(is_meant)
  local pinned = pinned_comment()
  if pinned and is_meant(pinned) then
    put_pinned(nil)
  end
end
