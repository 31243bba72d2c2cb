-- A poll or a lucky draw that will end.
-- keys: ends

return redis.call('EXISTS', K.ends) == 1
