-- Takes one comment back for everybody.
-- keys: room events bus recent
-- uses: room
-- args: id events_max
-- returns: {id}; refuses not_found for the room only: an older comment is not in `recent` any more,
-- but may still stand on screens.
-- holds: a removed comment is in no snapshot made after this.

if not room_phase() then
  return no_room()
end
for _, raw in ipairs(redis.call('LRANGE', K.recent, 0, -1)) do
  if cmsgpack.unpack(raw).id == A.id then
    redis.call('LREM', K.recent, 0, raw)
  end
end
tell_room({ t = 'removed', id = A.id })
return done({ id = A.id })
