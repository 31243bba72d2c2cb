-- Stores the first steps of announcing a start: see announce_due.
-- keys: announcing

if phase == 'live' then
  redis.call('ZADD', K.announcing, int(at), 'signal:0', int(at), 'reserved:0:', int(at), 'follow:0:')
end
