-- Throws a held comment away.
-- keys: room events bus review review_order timeline actions
-- uses: room timeline review
-- args: id by? events_max
-- returns: {id}; refuses not_found
-- holds: only the staff is told.

if not room_phase() then
  return no_room()
end
local raw = redis.call('HGET', K.review, A.id)
if not raw then
  return refuse('not_found', 'This comment waits no longer; somebody else may have decided.')
end
let_go(A.id)
tell_review()
record({ k = 'review', id = A.id, what = 'drop', user = cmsgpack.unpack(raw).user })
return done({ id = A.id })
