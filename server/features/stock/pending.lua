-- Sales that will start, be drawn or end.
-- keys: due

return redis.call('EXISTS', K.due) == 1
