-- Pins the product being explained, or unpins.
-- keys: room events bus shelf timeline actions
-- uses: room timeline shown
-- args: sku('' = none) shown_max? shown_bytes_max? by? events_max
-- returns: {sku}; refuses not_found
-- holds: what is pinned is on the shelf, and the room knows it; pinning it again is no news.

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
  local product = raw and cmsgpack.unpack(raw) or {}
  if raw then
    tell_if_hidden(product)
  end
  tell_room({ t = 'pin', sku = A.sku ~= '' and A.sku or nil })
  record({ k = 'pin', sku = A.sku, title = product.title, price = product.price,
    currency = product.currency })
end
return done({ sku = A.sku })
