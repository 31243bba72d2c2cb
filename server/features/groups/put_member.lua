-- Takes a user into a fan group, or out of it.
-- keys: room events bus members timeline actions
-- uses: room timeline
-- args: user name on members_max
-- returns: {changed, members}; refuses not_found limit_reached
-- holds: a fact is written for each change and for nothing else; every worker hears who left.

if not room_phase() then
  return no_room()
end
local is = redis.call('HEXISTS', K.members, A.user) == 1
if A.on == is then
  return done({ changed = false, members = redis.call('HLEN', K.members) })
end
local now = now_ms()
if A.on then
  if redis.call('HLEN', K.members) >= A.members_max then
    return refuse('limit_reached', 'This fan group is full with ' .. int(A.members_max)
      .. ' members.')
  end
  redis.call('HSET', K.members, A.user, cmsgpack.pack({ name = A.name, at = now }))
else
  redis.call('HDEL', K.members, A.user)
end
record({ k = 'member', user = A.user, on = A.on, at = now })
return done({ changed = true, members = redis.call('HLEN', K.members) },
  not A.on and { left = { A.user } } or nil)
