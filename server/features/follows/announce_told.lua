-- Notes how many users with connections in other rooms a worker has told of a start.
-- keys: room timeline actions
-- uses: room timeline
-- args: told={why -> n}
-- returns: {}; refuses not_found
-- holds: nothing but the timeline changes.

if not room_phase() then
  return no_room()
end
for why, n in pairs(A.told) do
  record({ k = 'announced', to = 'connections', why = why, n = n })
end
return done({})
