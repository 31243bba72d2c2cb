-- Holds that will lapse.
-- keys: holds

return redis.call('EXISTS', K.holds) == 1
