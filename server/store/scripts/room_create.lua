-- Creates an empty room: a scheduled stream, or a fan group, which is live for ever.
-- keys: room timeline actions asleep
-- uses: room timeline
-- parts: create()
-- keyed: yes
-- args: title host host_name scheduled(ms, 0 = unknown) stream_url? embed_url? cover? epoch
--   draft?(bool) practice?(bool) time_zone? kind?(stream|group) group?(id of the host's fan group)
--   followers? as_of?(both from circles.follow_host) admits?(of a group: all|followers|buyers) by?
--   and those of the parts
-- returns: {created}; refuses conflict
-- holds: an existing room is never changed; seq and epoch are created together. A new
-- room is asleep: nothing is pending there.

if room_phase() then
  return refuse('conflict', 'There is already a room `' .. A.room .. '`; choose another id.')
end
local created = now_ms()
redis.call('SET', K.asleep, A.epoch)
local phase = A.kind == 'group' and 'live' or 'scheduled'
redis.call('HSET', K.room,
  'room', A.room, 'title', A.title, 'host', A.host, 'host_name', A.host_name,
  'phase', phase, 'created', int(created), 'scheduled', int(A.scheduled),
  'stream_url', A.stream_url or '', 'embed_url', A.embed_url or '', 'cover', A.cover or '',
  'draft', A.draft and 1 or 0, 'practice', A.practice and 1 or 0, 'time_zone', A.time_zone or '',
  'epoch', A.epoch, 'seq', 0, 'sub', 0,
  'likes', 0, 'comments', 0, 'online', 0, 'viewers', 0,
  'slow_s', 0, 'pin', '', 'notice', '', 'kind', A.kind or 'stream', 'group', A.group or '',
  'followers', int(A.followers or 0), 'reserved', 0, 'followers_only', 0, 'selling', 0, 'rules_ver', 0)
if A.as_of then
  redis.call('HSET', K.room, 'followers_as_of', A.as_of)
end
if A.kind == 'group' then
  redis.call('HSET', K.room, 'started', int(created), 'admits', A.admits)
  record({ k = 'group', title = A.title, admits = A.admits })
end
for _, begin in ipairs(PARTS) do
  begin()
end
return done({ created = created })
