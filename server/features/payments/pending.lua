-- Refunds that are to be tried.
-- keys: refunds

return redis.call('EXISTS', K.refunds) == 1
