-- Keeps a comment for the replay.
-- keys: room recent timeline actions
-- uses: room timeline
-- args: id by?
-- returns: {id}; refuses not_found
-- holds: a comment is kept once; the mark stands in `recent`.

if not room_phase() then
  return no_room()
end
for i, raw in ipairs(redis.call('LRANGE', K.recent, 0, -1)) do
  local comment = cmsgpack.unpack(raw)
  if comment.id == A.id then
    if not comment.kept then
      comment.kept = true
      redis.call('LSET', K.recent, i - 1, cmsgpack.pack(comment))
      comment.kept = nil
      record({ k = 'comment', comment = comment, why = 'kept' })
    end
    return done({ id = A.id })
  end
end
return refuse('not_found', 'Only recent comments can be kept, and this one is not among them.')
