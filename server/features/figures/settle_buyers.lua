-- Takes note of who first paid when in one of a host's rooms.
-- keys: buyers settled
-- of: host
-- uses: room
-- args: of(id of the room) buyers=[{user at(ms)}] upto(place in its ledger; 0 = more is to come)
-- returns: {changed}: how many buyers are new, or had paid earlier than was known
-- holds: of all payments told, in whatever order and however often, the earliest stays.

local changed = 0
for _, buyer in ipairs(A.buyers) do
  local raw = redis.call('HGET', K.buyers, buyer.user)
  if not raw or cmsgpack.unpack(raw).at > buyer.at then
    redis.call('HSET', K.buyers, buyer.user, cmsgpack.pack({ room = A.of, at = buyer.at }))
    changed = changed + 1
  end
end
if A.upto > tonumber(redis.call('HGET', K.settled, A.of) or 0) then
  redis.call('HSET', K.settled, A.of, int(A.upto))
end
return done({ changed = changed })
