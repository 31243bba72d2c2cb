-- Has every worker end the connections that a former member still has in a fan group.
-- keys: room events bus members
-- uses: room
-- args: user
-- returns: {}; refuses not_found
-- holds: a user who has become a member again keeps their connections.

if not room_phase() then
  return no_room()
end
if redis.call('HEXISTS', K.members, A.user) == 1 then
  return done({})
end
return done({}, { gone = { A.user } })
