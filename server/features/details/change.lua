-- Changes a room's own fields.
-- keys: room events bus timeline actions
-- uses: room settings timeline
-- args: changes{title? scheduled?(ms, 0: none) stream_url? embed_url? cover?('': none)
--   draft?(false) time_zone?} by? events_max
-- returns: {}; refuses not_found conflict
-- holds: all of it or nothing; the room is told once, and of no change nothing. A draft becomes public,
-- a public room never a draft.

local phase = room_phase()
if not phase then
  return no_room()
end
if redis.call('HGET', K.room, 'kind') == 'group' then
  return refuse('conflict', 'A fan group is changed with `PUT /v1/hosts/{host}/group`.')
end
local changes = A.changes
local set, changed = {}, {}
for name, value in pairs(changes) do
  local text = type(value) == 'number' and int(value) or value == false and '0' or value
  if (redis.call('HGET', K.room, name) or (name == 'draft' and '0') or '') ~= text then
    set[#set + 1], set[#set + 2], changed[name] = name, text, value
  end
end
if #set == 0 then
  return done({})
end
if changed.scheduled and phase ~= 'scheduled' then
  return refuse('conflict', 'The start of a room that ' .. (phase == 'live' and 'is live' or 'has ended')
    .. ' can not be changed.')
end
redis.call('HSET', K.room, unpack(set))
tell_settings()
record({ k = 'change', title = changed.title, scheduled = changed.scheduled,
  stream_url = changed.stream_url, embed_url = changed.embed_url, cover = changed.cover,
  draft = changed.draft, time_zone = changed.time_zone })
return done({})
