-- Pins a recent comment above all others, or unpins.
-- keys: room events bus recent pinned_comment timeline actions
-- uses: room timeline pinning
-- args: id('' = none) by? events_max
-- returns: {id}; refuses not_found
-- holds: at most one comment is pinned, and it was shown to the room; pinning it again is no news.

if not room_phase() then
  return no_room()
end
local pinned = pinned_comment()
if (pinned and pinned.id or '') == A.id then
  return done({ id = A.id })
end
if A.id == '' then
  put_pinned(nil)
  record({ k = 'comment_pin', id = '' })
  return done({ id = '' })
end
for _, raw in ipairs(redis.call('LRANGE', K.recent, 0, -1)) do
  local comment = cmsgpack.unpack(raw)
  if comment.id == A.id then
    comment.kept = nil
    put_pinned(comment)
    record({ k = 'comment_pin', id = comment.id, user = comment.user })
    return done({ id = A.id })
  end
end
return refuse('not_found', 'Only recent comments can be pinned, and this one is not among them.')
