-- Shows a held comment to the room, as if it were said now.
-- keys: room events bus recent review review_order passed muted shadow_muted timeline actions
-- uses: room timeline review mutes showing
-- args: id recent_max by? events_max
-- returns: {comment(messages.CommentView)}; refuses not_found not_live conflict
-- holds: a comment is shown at most once; its author is new no more.

local phase = room_phase()
if not phase then
  return no_room()
end
local raw = redis.call('HGET', K.review, A.id)
if not raw then
  return refuse('not_found', 'This comment waits no longer; somebody else may have decided.')
end
if phase ~= 'live' then
  return refuse('not_live', 'Comments can be shown only while the room is live.')
end
local now, held = now_ms(), cmsgpack.unpack(raw)
if mute_of(held.user, now) then
  return refuse('conflict', 'The author of this comment is muted; lift the mute first.')
end
let_go(A.id)
local view = { id = held.id, user = held.user, name = held.name, role = held.role,
  text = held.text, ts = now, badges = held.badges, reply = held.reply }
redis.call('ZADD', K.passed, int(now), held.user)
forget_authors(K.passed)
local extra = show({ view }, A.recent_max)
tell_review()
record({ k = 'review', id = A.id, what = 'pass', user = held.user })
return done({ comment = view }, extra)
