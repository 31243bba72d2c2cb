-- Changes a fan group's title, and whom it admits.
-- keys: room events bus timeline actions
-- uses: room timeline
-- args: title admits(all|followers|buyers) epoch(a fresh one) by
-- returns: {changed}; refuses not_found
-- holds: no event carries a title, so a new title sets a new epoch: every worker reads the group
-- again, and connected users must join again.

local at = redis.call('HMGET', K.room, 'title', 'admits')
if not at[1] then
  return no_room()
end
if at[1] == A.title and at[2] == A.admits then
  return done({ changed = false })
end
redis.call('HSET', K.room, 'title', A.title, 'admits', A.admits)
record({ k = 'group', title = A.title, admits = A.admits })
if at[1] == A.title then
  return done({ changed = true })
end
redis.call('HSET', K.room, 'epoch', A.epoch)
return done({ changed = true }, {})
