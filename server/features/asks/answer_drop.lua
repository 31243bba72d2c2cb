-- Forgets the answer to a question for all rooms of the host.
-- of: host
-- keys: answers
-- args: key answered(ms of the drop) question?(id): only an answer to this one
-- returns: {}
-- holds: an answer given after the drop stays.

local raw = redis.call('HGET', K.answers, A.key)
local kept = raw and cmsgpack.unpack(raw)
if kept and kept.answered <= A.answered and (not A.question or A.question == kept.question) then
  redis.call('HDEL', K.answers, A.key)
end
return cmsgpack.pack({})
