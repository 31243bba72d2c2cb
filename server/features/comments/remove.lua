-- Takes one comment back for everybody, also one that waits for review.
-- keys: room events bus recent shadowed review review_order pinned_comment timeline actions
-- uses: room timeline review pinning
-- args: id by? events_max
-- returns: {id}; refuses not_found for the room only: an older comment is not in `recent` any more,
-- but may still stand on screens.
-- holds: a removed comment is in no snapshot made after this, nor pinned; the room is not told of one
-- that it never saw.

if not room_phase() then
  return no_room()
end
for _, entry in ipairs(redis.call('LRANGE', K.shadowed, 0, -1)) do
  local id, author = entry:match('^%??([^/]*)/(.*)$')
  if id == A.id then   -- said in a shadow mute: only its author and the staff know it
    redis.call('LREM', K.shadowed, 0, entry)
    mention_staff({ t = 'removed', id = id })
    tell_user(author, { t = 'removed', id = id })
    record({ k = 'remove', id = id, user = author })
    return done({ id = id })
  end
end
local user
for _, raw in ipairs(redis.call('LRANGE', K.recent, 0, -1)) do
  local comment = cmsgpack.unpack(raw)
  if comment.id == A.id then
    user = comment.user
    redis.call('LREM', K.recent, 0, raw)
  end
end
local held = redis.call('HGET', K.review, A.id)
if held then
  user = cmsgpack.unpack(held).user
  let_go(A.id)
  tell_review()
else
  tell_room({ t = 'removed', id = A.id })
end
unpin_if(function(pinned) return pinned.id == A.id end)
record({ k = 'remove', id = A.id, user = user })
return done({ id = A.id })
