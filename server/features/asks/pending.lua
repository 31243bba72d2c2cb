-- Open questions that are still to be left to the host.
-- keys: leaving

return redis.call('EXISTS', K.leaving) == 1
