-- Steps of an announcement that are left.
-- keys: announcing

return redis.call('EXISTS', K.announcing) == 1
