-- Pins the product being explained, or unpins.
-- keys: room events bus shelf
-- uses: room
-- args: sku('' = none) events_max
-- returns: {sku}; refuses not_found
-- holds: what is pinned is on the shelf; pinning it again is no news.

if not room_phase() then
  return no_room()
end
if A.sku ~= '' and redis.call('HEXISTS', K.shelf, A.sku) == 0 then
  return refuse('not_found', 'There is no product `' .. A.sku
    .. '` on the shelf; put it there before pinning it.')
end

if redis.call('HGET', K.room, 'pin') ~= A.sku then
  redis.call('HSET', K.room, 'pin', A.sku)
  tell_room({ t = 'pin', sku = A.sku ~= '' and A.sku or nil })
end
return done({ sku = A.sku })
