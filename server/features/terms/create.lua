-- A new room begins with the shelf of an earlier one: A.terms and A.picked of its products, by sku.
-- keys: terms picked

for _, name in ipairs({ 'terms', 'picked' }) do
  for sku, value in pairs(A[name] or {}) do
    redis.call('HSET', K[name], sku, cmsgpack.pack(value))
  end
end
