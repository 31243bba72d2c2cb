-- Forgets a question that earlier streams left open: the host dropped it.
-- of: host
-- keys: left
-- args: key left_key
-- returns: {}
-- holds: forgets that question alone; twice is the same as once.

redis.call('HDEL', K.left, A.key, A.left_key)
return cmsgpack.pack({})
