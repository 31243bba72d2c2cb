-- Tells the workers that have a room open to read it anew, because what they know of it was rewritten.
-- keys: bus
-- tombstone: yes
-- args: none
-- returns: {}
-- holds: nothing is kept, and the room's epoch stays: whoever comes back resumes where they were.

-- No room has this epoch, so each worker takes its copy for one of another story.
redis.call(A.publish, K.bus, cmsgpack.pack({ epoch = '', before = { 0, 0 }, after = { 0, 0 }, says = {} }))
return cmsgpack.pack({})
