-- The records lack the room, or entries of its streams; where A.archives says that there are records.
-- keys: archived ledger timeline actions

if not A.archives then
  return false
end
local stored, archived = redis.call('HGETALL', K.archived), {}
for i = 1, #stored, 2 do
  archived[stored[i]] = stored[i + 1]
end
if (archived.made or '') ~= (redis.call('HGET', K.room, 'created') or '') then
  return true
end
for name, key in pairs({ ledger = K.ledger, timeline = K.timeline, actions = K.actions }) do
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if last and last[1] ~= archived[name] then
    return true
  end
end
return false
