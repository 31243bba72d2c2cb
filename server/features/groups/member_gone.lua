-- Has every worker end the connections that a former member still has in a fan group.
-- keys: room events bus members
-- uses: room
-- args: user
-- returns: {}; refuses not_found
-- holds: who has become a member again meanwhile is left alone.

if not room_phase() then
  return no_room()
end
if redis.call('HEXISTS', K.members, A.user) == 1 then
  return done({})
end
return done({}, { gone = { A.user } })
