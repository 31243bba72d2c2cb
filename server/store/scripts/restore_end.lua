-- Ends bringing a room back: from now on its scripts run again.
-- keys: room restoring asleep
-- uses: room
-- tombstone: yes
-- args: token snapshot
-- returns: {back}: false if this attempt has lost its lock, or the room is back already
-- holds: only the attempt that wrote all parts ends it. The room is asleep then: it is in no index, and
-- nothing was pending when it left.

if redis.call('HGET', K.room, 'left') ~= A.snapshot or redis.call('GET', K.restoring) ~= A.token then
  return cmsgpack.pack({ back = false })
end
redis.call('SET', K.asleep, A.token)
redis.call('HDEL', K.room, 'left', 'left_entries', 'left_timeline')
redis.call('DEL', K.restoring)
return cmsgpack.pack({ back = true })
