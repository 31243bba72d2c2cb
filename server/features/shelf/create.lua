-- A new room begins with the products of an earlier one: A.shelf, if it was asked for.
-- keys: room shelf shelf_order timeline actions
-- uses: timeline

for i, product in ipairs(A.shelf or {}) do
  redis.call('HSET', K.shelf, product.sku, cmsgpack.pack(product))
  redis.call('ZADD', K.shelf_order, i, product.sku)
  record({ k = 'shelf', put = product })
end
