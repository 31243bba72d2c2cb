-- Notes that a post failed: the room pauses, or the entry at `place` is given up.
-- keys: room ledger stats outbox outbox_replays dead_letters
-- uses: room outbox
-- args: worker place last(place of the last entry in the post) why replayed give_up(at once)
--   pause_ms pause_ms_max tries_max(0 = no limit) retry_for_ms
-- returns: {given_up}
-- holds: an entry is told, or waits, or is a dead letter. One that is told again and fails is a dead
-- letter still, so that it never holds up what is new.

if not is_owner() then
  return done({ given_up = false })
end
if A.replayed then
  redis.call('HDEL', K.outbox, 'owner', 'until')
  redis.call('ZREM', K.outbox_replays, A.place)
  bury(A.place, A.why)
  count_letters()
  return done({ given_up = true })
end
local now, at = now_ms(), redis.call('HMGET', K.outbox, 'tries', 'since')
local tries, since = number(at[1]) + 1, at[2] and number(at[2]) or now
local alone = A.last == A.place
local is_over = now - since >= A.retry_for_ms or (A.tries_max > 0 and tries >= A.tries_max)
if A.give_up or (alone and is_over) then
  forget_failures()
  bury(A.place, A.why)
  redis.call('HSET', K.outbox, 'told', A.place)
  count_letters()
  return done({ given_up = true })
end
local pause_ms = math.min(A.pause_ms * 2 ^ math.min(tries - 1, 30), A.pause_ms_max)
redis.call('HDEL', K.outbox, 'owner', 'until')
redis.call('HSET', K.outbox, 'tries', tries, 'since', int(since), 'again_at', int(now + pause_ms),
  'why', A.why, 'stuck', A.place)
if not alone then
  redis.call('HSET', K.outbox, 'suspects', int(n_of(A.last)))
end
return done({ given_up = false })
