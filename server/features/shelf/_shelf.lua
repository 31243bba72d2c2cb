-- Prelude: products on the shelf. Comes after room and timeline; expects K.shelf, K.shelf_order and
-- K.metas, A.products_max, and perhaps A.bytes_max.

-- Whether two values are equal, whatever the order of fields in them.
local function alike(one, other)
  if type(one) ~= 'table' or type(other) ~= 'table' then
    return one == other
  end
  for name, value in pairs(one) do
    if not alike(value, other[name]) then
      return false
    end
  end
  for name in pairs(other) do
    if one[name] == nil then
      return false
    end
  end
  return true
end

-- Why the products do not fit beside the others on the shelf; nil if they do. `gone` are skus that
-- leave it at the same time.
local function too_many_for_shelf(products, packed, gone)
  local added, more, less = 0, 0, 0
  for i, product in ipairs(products) do
    local bytes = redis.call('HSTRLEN', K.shelf, product.sku)
    added = added + (bytes == 0 and 1 or 0)
    more = more + #packed[i] - bytes
  end
  for _, sku in ipairs(gone) do
    local bytes = redis.call('HSTRLEN', K.shelf, sku)
    less, more = less + (bytes > 0 and 1 or 0), more - bytes
  end
  local on_shelf = redis.call('ZCARD', K.shelf_order)
  if added > less and on_shelf + added - less > A.products_max then
    return refuse('limit_reached', 'The shelf has ' .. int(on_shelf) .. ' products, and can have '
      .. int(A.products_max) .. '; remove some first.')
  end
  if A.bytes_max and more > 0 then
    local bytes = more
    for _, one in ipairs(redis.call('HVALS', K.shelf)) do
      bytes = bytes + #one
    end
    if bytes > A.bytes_max then
      return refuse('limit_reached', 'The products of a shelf can have ' .. int(A.bytes_max)
        .. ' bytes together; shorten texts or remove a product first.')
    end
  end
end

-- Puts products on the shelf, each where the one of its sku stands, or else at the end, and tells the
-- room. Returns a refusal, or nil.
local function put_on_shelf(products, gone)
  local packed = {}
  for i, product in ipairs(products) do
    packed[i] = cmsgpack.pack(product)
  end
  local refused = too_many_for_shelf(products, packed, gone or {})
  if refused then
    return refused
  end
  local last = redis.call('ZREVRANGE', K.shelf_order, 0, 0, 'WITHSCORES')
  local place = tonumber(last[2]) or 0
  for i, product in ipairs(products) do
    redis.call('HSET', K.shelf, product.sku, packed[i])
    place = place + redis.call('ZADD', K.shelf_order, 'NX', int(place + 1), product.sku)
    tell_room({ t = 'shelf', put = product, total = redis.call('ZCARD', K.shelf_order) })
    record({ k = 'shelf', put = product })
  end
end

-- Takes a product off the shelf, its pin and the shop's text about it with it. What other features know of it, their parts
-- `off_shelf` take away.
local function take_off_shelf(sku)
  redis.call('HDEL', K.shelf, sku)
  redis.call('ZREM', K.shelf_order, sku)
  redis.call('HDEL', K.metas, sku)
  if redis.call('HGET', K.room, 'pin') == sku then
    redis.call('HSET', K.room, 'pin', '')
    tell_room({ t = 'pin' })
    record({ k = 'pin', sku = '' })
  end
  tell_room({ t = 'shelf', remove = sku, total = redis.call('ZCARD', K.shelf_order) })
  record({ k = 'shelf', remove = sku })
end
