-- Has dead letters told again, at once.
-- keys: room ledger stats outbox outbox_replays dead_letters
-- uses: room outbox
-- args: places?(all if left out)
-- returns: {replayed}
-- holds: a dead letter stays one until it was told.

local replayed = 0
for _, place in ipairs(A.places or redis.call('HKEYS', K.dead_letters)) do
  if redis.call('HEXISTS', K.dead_letters, place) == 1 then
    redis.call('ZADD', K.outbox_replays, int(n_of(place)), place)
    replayed = replayed + 1
  end
end
if replayed > 0 then
  redis.call('HDEL', K.outbox, 'again_at')
  count_letters()
end
return done({ replayed = replayed })
