-- Notes that entries were told, up to the one at `place`.
-- keys: room ledger stats outbox outbox_replays dead_letters
-- uses: room outbox
-- args: worker place replayed
-- returns: {noted}: false when another worker has taken over meanwhile, and tells them again
-- holds: the place told only moves on.

if not is_owner() then
  return done({ noted = false })
end
forget_failures()
if A.replayed then
  redis.call('ZREM', K.outbox_replays, A.place)
  redis.call('HDEL', K.dead_letters, A.place)
  count_letters()
else
  redis.call('HSET', K.outbox, 'told', A.place)
end
return done({ noted = true })
