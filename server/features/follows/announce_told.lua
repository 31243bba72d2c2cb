-- Notes how many users with connections in other rooms a worker has told of a start, or
-- that there is none.
-- keys: room timeline actions
-- uses: room timeline
-- args: told={why -> n} cancelled(bool)
-- returns: {}; refuses not_found
-- holds: nothing but the timeline changes.

if not room_phase() then
  return no_room()
end
for why, n in pairs(A.told) do
  if A.cancelled then
    record({ k = 'called_off', to = 'connections', why = why, n = n })
  else
    record({ k = 'announced', to = 'connections', why = why, n = n })
  end
end
return done({})
