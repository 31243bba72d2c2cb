-- Requests that somebody has to answer.
-- keys: returning

return redis.call('EXISTS', K.returning) == 1
