-- Takes a user into a fan group, or out of it.
-- keys: room events bus members memberships timeline actions
-- uses: room timeline
-- args: user name on members_max
-- returns: {changed, members}; refuses not_found limit_reached
-- holds: `memberships` has when each user belonged, as the facts say; a fact is written for each change and for nothing else; every worker hears who left.

if not room_phase() then
  return no_room()
end
local is = redis.call('HEXISTS', K.members, A.user) == 1
if A.on == is then
  return done({ changed = false, members = redis.call('HLEN', K.members) })
end
local now = now_ms()

-- Notes the change in the user's spans. Who joined before there were any has a last one.
local SPANS_MAX = 16
local function note_span()
  local raw = redis.call('HGET', K.memberships, A.user)
  local spans = raw and cmsgpack.unpack(raw).spans or {}
  if A.on then
    spans[#spans + 1] = { now, 0 }
    if #spans > SPANS_MAX then
      table.remove(spans, 1)
    end
  else
    if #spans == 0 then
      spans[1] = { cmsgpack.unpack(redis.call('HGET', K.members, A.user)).at, 0 }
    end
    spans[#spans][2] = now
  end
  redis.call('HSET', K.memberships, A.user, cmsgpack.pack({ spans = spans }))
end

if A.on then
  if redis.call('HLEN', K.members) >= A.members_max then
    return refuse('limit_reached', 'This fan group is full with ' .. int(A.members_max)
      .. ' members.')
  end
  note_span()
  redis.call('HSET', K.members, A.user, cmsgpack.pack({ name = A.name, at = now }))
else
  note_span()
  redis.call('HDEL', K.members, A.user)
end
record({ k = 'member', user = A.user, on = A.on, at = now })
return done({ changed = true, members = redis.call('HLEN', K.members) },
  not A.on and { left = { A.user } } or nil)
