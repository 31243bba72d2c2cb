-- Takes away the mark under which a room sleeps. The room stands in the index by now.
-- keys: asleep
-- args: mark
-- returns: {}
-- holds: only this mark: a later one is of a sleeper that may take the room out of the index.

if redis.call('GET', K.asleep) == A.mark then
  redis.call('DEL', K.asleep)
end
return cmsgpack.pack({})
