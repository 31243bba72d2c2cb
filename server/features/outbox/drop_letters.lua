-- Drops dead letters that are kept no longer: their entries of the ledger are told to nobody any more.
-- keys: room ledger stats outbox outbox_replays dead_letters
-- uses: room outbox
-- args: before(ms) most
-- returns: {dropped}
-- holds: a letter that waits to be told again stays.

local dropped = 0
for _, place in ipairs(redis.call('HKEYS', K.dead_letters)) do
  local letter = cmsgpack.unpack(redis.call('HGET', K.dead_letters, place))
  local waits = redis.call('ZSCORE', K.outbox_replays, place)
  if dropped < A.most and letter.at < A.before and not waits then
    redis.call('HDEL', K.dead_letters, place)
    dropped = dropped + 1
  end
end
if dropped > 0 then
  count_letters()
end
return done({ dropped = dropped })
