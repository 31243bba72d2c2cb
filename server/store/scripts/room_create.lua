-- Makes a room, scheduled and empty.
-- keys: room
-- uses: room
-- args: title host host_name scheduled(ms, 0 = unknown) stream_url? embed_url? epoch
--   kind?(stream|group) group?(id of the host's fan group) followers?
-- returns: {created}; refuses conflict
-- holds: a room that exists is never touched; seq and epoch are born together.

if room_phase() then
  return refuse('conflict', 'There is already a room `' .. A.room .. '`; choose another id.')
end
local created = now_ms()
redis.call('HSET', K.room,
  'room', A.room, 'title', A.title, 'host', A.host, 'host_name', A.host_name,
  'phase', 'scheduled', 'created', int(created), 'scheduled', int(A.scheduled),
  'stream_url', A.stream_url or '', 'embed_url', A.embed_url or '',
  'epoch', A.epoch, 'seq', 0, 'sub', 0,
  'likes', 0, 'comments', 0, 'online', 0, 'viewers', 0,
  'slow_s', 0, 'pin', '', 'notice', '', 'kind', A.kind or 'stream', 'group', A.group or '',
  'followers', int(A.followers or 0), 'reserved', 0, 'followers_only', 0, 'selling', 0, 'rules_ver', 0)
return done({ created = created })
