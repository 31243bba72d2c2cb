-- Makes a user a moderator of this room, or no longer.
-- keys: room events bus moderators members timeline actions
-- uses: room timeline
-- args: user on(bool) moderators_max by? events_max
-- returns: {total}; refuses not_found limit_reached
-- holds: at most moderators_max; the user is told once for each change, and a fan group or a draft ends
-- the connections of one who may no longer be in it.

if not room_phase() then
  return no_room()
end
local is_one = redis.call('HEXISTS', K.moderators, A.user) == 1
if not A.on and not is_one then
  return refuse('not_found', 'The host of this room did not make `' .. A.user
    .. '` a moderator; what a token allows only its maker can take back.')
end
if A.on and not is_one then
  if redis.call('HLEN', K.moderators) >= A.moderators_max then
    return refuse('limit_reached', 'A room can have ' .. int(A.moderators_max)
      .. ' moderators; remove one first.')
  end
  redis.call('HSET', K.moderators, A.user, int(now_ms()))
elseif not A.on then
  redis.call('HDEL', K.moderators, A.user)
end
if A.on ~= is_one then
  tell_user(A.user, { t = 'role', role = A.on and 'moderator' or 'viewer' })
  record({ k = 'moderator', user = A.user, on = A.on })
end
local gone
local at_room = redis.call('HMGET', K.room, 'kind', 'draft')
local is_shut = at_room[2] == '1'
  or at_room[1] == 'group' and redis.call('HEXISTS', K.members, A.user) == 0
if not A.on and is_shut then
  gone = { gone = { A.user } }
end
return done({ total = redis.call('HLEN', K.moderators) }, gone)
