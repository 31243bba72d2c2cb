-- Writes a user's ban from a room or the whole server, or lifts it; the log tells all workers.
-- keys: bans ban_log action_log
-- of: all
-- args: field (user and room), ban (JSON; '' lifts), was? (lift only if this is stored), bans_max,
-- log_max, action (JSON; '' if nobody did it), actions_max
-- returns: {done}: false if there was nothing to lift
-- holds: the log's newest entry of a field says what the hash has.

local known = redis.call('HGET', K.bans, A.field)
if A.ban == '' then
  if not known or (A.was and A.was ~= known) then
    return cmsgpack.pack({ done = false })
  end
  redis.call('HDEL', K.bans, A.field)
else
  if not known and redis.call('HLEN', K.bans) >= A.bans_max then
    return cmsgpack.pack({
      err = 'limit_reached',
      msg = 'There are ' .. A.bans_max .. ' bans already: lift one first.',
    })
  end
  redis.call('HSET', K.bans, A.field, A.ban)
end
redis.call('XADD', K.ban_log, 'MAXLEN', '~', A.log_max, '*', 'f', A.field, 'b', A.ban)
if A.action ~= '' then
  redis.call('XADD', K.action_log, 'MAXLEN', '~', A.actions_max, '*', 'e', A.action)
end
return cmsgpack.pack({ done = true })
