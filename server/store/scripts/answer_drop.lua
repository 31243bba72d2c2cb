-- Forgets the answer to a question over all rooms of the host.
-- of: host
-- keys: answers
-- args: key answered(ms of the drop)
-- returns: {}
-- holds: an answer given after the drop stays.

local raw = redis.call('HGET', K.answers, A.key)
if raw and cmsgpack.unpack(raw).answered <= A.answered then
  redis.call('HDEL', K.answers, A.key)
end
return cmsgpack.pack({})
