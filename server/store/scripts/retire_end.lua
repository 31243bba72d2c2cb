-- Takes a room out of Redis: all its keys but the room itself, which stays as a tombstone.
-- keys: *
-- uses: room
-- tombstone: yes
-- durable: yes
-- args: token snapshot(its name in the records) entries(lines of its ledger) timeline(its last place)
-- returns: {left}: false if somebody woke the room meanwhile
-- holds: nothing is removed unless this attempt is still the one that began last.

if redis.call('HGET', K.room, 'left') ~= 'leaving:' .. A.token then
  return cmsgpack.pack({ left = false })
end
for name, key in pairs(K) do
  if name ~= 'room' and name ~= 'bus' then
    redis.call('UNLINK', key)
  end
end
redis.call('HSET', K.room, 'left', A.snapshot, 'left_entries', int(A.entries), 'left_timeline', A.timeline)
return cmsgpack.pack({ left = true })
