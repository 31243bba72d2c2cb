-- Begins to bring a room back, or wakes one that was about to leave.
-- keys: room restoring
-- uses: room
-- tombstone: yes
-- args: token(of this attempt) lock_ms
-- returns: {snapshot}: empty if the room is there; `wait` true if another attempt is under way; refuses
-- not_found, for a room that is being deleted
-- holds: one attempt at a time writes; it holds `restoring` with its token.

local left = redis.call('HGET', K.room, 'left')
if not left then
  return cmsgpack.pack({ snapshot = '', wait = false })
end
if left == 'deleted' then
  return no_room()
end
if string.sub(left, 1, 8) == 'leaving:' then
  redis.call('HDEL', K.room, 'left')
  return cmsgpack.pack({ snapshot = '', wait = false })
end
if not redis.call('SET', K.restoring, A.token, 'NX', 'PX', A.lock_ms) then
  return cmsgpack.pack({ snapshot = left, wait = true })
end
return cmsgpack.pack({ snapshot = left, wait = false })
