-- Pins the product being explained, or unpins.
-- keys: room events bus shelf timeline actions
-- uses: room timeline
-- args: sku('' = none) by? events_max
-- returns: {sku}; refuses not_found
-- holds: what is pinned is on the shelf; pinning it again is no news.

if not room_phase() then
  return no_room()
end
local raw = A.sku ~= '' and redis.call('HGET', K.shelf, A.sku)
if A.sku ~= '' and not raw then
  return refuse('not_found', 'There is no product `' .. A.sku
    .. '` on the shelf; put it there before pinning it.')
end

if redis.call('HGET', K.room, 'pin') ~= A.sku then
  redis.call('HSET', K.room, 'pin', A.sku)
  tell_room({ t = 'pin', sku = A.sku ~= '' and A.sku or nil })
  local product = raw and cmsgpack.unpack(raw) or {}
  record({ k = 'pin', sku = A.sku, title = product.title, price = product.price,
    currency = product.currency })
end
return done({ sku = A.sku })
