-- Adds the shelf, in its order.
-- keys: shelf shelf_order

loaded.shelf = {}
for i, sku in ipairs(redis.call('ZRANGE', K.shelf_order, 0, -1)) do
  loaded.shelf[i] = cmsgpack.unpack(redis.call('HGET', K.shelf, sku))
end
