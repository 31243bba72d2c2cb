-- Sends one piece of news to all workers, whatever rooms they have open.
-- keys: bus
-- args: event
-- returns: {}
-- holds: nothing is kept; a worker that can't hear now misses it.

redis.call(A.publish, K.bus, cmsgpack.pack({ epoch = '', before = { 0, 0 }, after = { 0, 0 },
  says = { { 0, 0, '', A.event } } }))
return cmsgpack.pack({})
