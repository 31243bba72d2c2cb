-- Ends the turn of a worker that stops: the next one need not wait for the end of its lease.
-- keys: room ledger stats outbox outbox_replays dead_letters
-- uses: room outbox
-- args: worker
-- returns: {}
-- holds: the lease of another worker stays.

if is_owner() then
  redis.call('HDEL', K.outbox, 'owner', 'until')
end
return done({})
