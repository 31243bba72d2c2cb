-- Puts a product on the shelf, or replaces the one of the same sku where it stands.
-- keys: room events bus shelf shelf_order timeline actions
-- uses: room timeline
-- args: product(messages.Product) products_max bytes_max? by? events_max
-- returns: {sku}; refuses not_found limit_reached
-- holds: `shelf` and `shelf_order` name the same skus, at most products_max of them;
-- together they have at most bytes_max bytes packed, or shrink.

if not room_phase() then
  return no_room()
end
local sku = A.product.sku
local known = redis.call('ZSCORE', K.shelf_order, sku)
if not known and redis.call('ZCARD', K.shelf_order) >= A.products_max then
  return refuse('limit_reached', 'The shelf is full with ' .. int(A.products_max)
    .. ' products; remove one first.')
end

local packed = cmsgpack.pack(A.product)
local before = redis.call('HSTRLEN', K.shelf, sku)
if A.bytes_max and #packed > before then
  local bytes = #packed - before
  for _, one in ipairs(redis.call('HVALS', K.shelf)) do
    bytes = bytes + #one
  end
  if bytes > A.bytes_max then
    return refuse('limit_reached', 'The products of a shelf can have ' .. int(A.bytes_max)
      .. ' bytes together; shorten texts or remove a product first.')
  end
end

redis.call('HSET', K.shelf, sku, packed)
if not known then
  local last = redis.call('ZREVRANGE', K.shelf_order, 0, 0, 'WITHSCORES')
  redis.call('ZADD', K.shelf_order, int((tonumber(last[2]) or 0) + 1), sku)
end
tell_room({ t = 'shelf', put = A.product })
record({ k = 'shelf', put = A.product })
return done({ sku = sku })
