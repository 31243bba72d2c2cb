-- Takes one of the places that a host has for rooms that wait for their start.
-- keys: scheduled
-- of: host
-- uses: room
-- args: of(the room) at(ms) rooms_max known?(rooms that wait, {id, ms}) gone?(rooms that do no longer)
-- returns: {taken}; else {taken = false, begun}: without `begun` nothing is known of the host's rooms,
-- with it all places are taken, by `rooms`
-- holds: at most rooms_max rooms of a host are given a place; a room takes one place however often it
-- asks. Who asks reads the rooms first, since they lie in other slots.

if redis.call('ZSCORE', K.scheduled, A.of) then
  return done({ taken = true })
end
if A.known then
  for _, one in ipairs(A.known) do
    redis.call('ZADD', K.scheduled, 'NX', int(one[2]), one[1])
  end
elseif redis.call('EXISTS', K.scheduled) == 0 then
  return done({ taken = false, begun = false })
end
for _, id in ipairs(A.gone or {}) do
  redis.call('ZREM', K.scheduled, id)
end
if redis.call('ZCARD', K.scheduled) >= A.rooms_max then
  return done({ taken = false, begun = true,
    rooms = redis.call('ZRANGE', K.scheduled, 0, -1, 'WITHSCORES') })
end
redis.call('ZADD', K.scheduled, int(A.at), A.of)
return done({ taken = true })
