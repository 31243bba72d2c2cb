-- Keeps the figures of an ended room of a host.
-- keys: figures
-- of: host
-- uses: room
-- args: of(id of the room) figures(JSON; says itself what it is as of)
-- returns: {}
-- holds: the figures are stored unchecked; the reader compares the places they are as of.

redis.call('HSET', K.figures, A.of, A.figures)
return done({})
