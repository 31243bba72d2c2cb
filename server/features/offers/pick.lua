-- Puts the variants of picked goods on the shelf, with the terms on which they are sold, or renews them.
-- keys: room events bus shelf shelf_order metas terms picked timeline actions
-- uses: room timeline shelf
-- parts: off_shelf(sku)
-- args: products(list of shelf.messages.Product) terms picked(both by sku, terms.messages)
--   goods merchant skus(all of the newest version) products_max bytes_max points_max by? events_max
-- returns: {skus}: those of the goods that are on the shelf; refuses not_found limit_reached conflict
-- holds: all or nothing. Each product of a merchant has terms. Variants that the merchant has no more
-- leave the shelf. What the host says of them (own points, `replaces`) stays.

if not room_phase() then
  return no_room()
end

-- The points on the shelf that were not the merchant's.
local function own_points(before, picked)
  local theirs, own = {}, {}
  for _, point in ipairs(picked.points or {}) do
    theirs[point] = true
  end
  for _, point in ipairs(before.points or {}) do
    if not theirs[point] then
      own[#own + 1] = point
    end
  end
  return own
end

local products = {}
for _, product in ipairs(A.products) do
  local raw = redis.call('HGET', K.shelf, product.sku)
  local before = raw and cmsgpack.unpack(raw)
  if before and not before.merchant then
    return refuse('conflict', 'The shelf has a product `' .. product.sku
      .. '` of your own; remove it first.')
  end
  if before then
    local known = redis.call('HGET', K.picked, product.sku)
    local own = own_points(before, known and cmsgpack.unpack(known) or {})
    local points = product.points or {}
    for i = 1, math.min(#own, A.points_max - #points) do
      points[#points + 1] = own[i]
    end
    product.points, product.replaces = #points > 0 and points or nil, before.replaces
  end
  if not (before and alike(before, product)) then
    products[#products + 1] = product
  end
end

local there, gone, known = {}, {}, {}
for _, sku in ipairs(A.skus) do
  known[sku] = true
end
for _, sku in ipairs(redis.call('ZRANGE', K.shelf_order, 0, -1)) do
  local product = cmsgpack.unpack(redis.call('HGET', K.shelf, sku))
  if product.merchant == A.merchant and product.goods == A.goods and not known[sku] then
    gone[#gone + 1] = sku
  end
end
local refused = put_on_shelf(products, gone)
if refused then
  return refused
end
for _, sku in ipairs(gone) do
  take_off_shelf(sku)
  for _, forget in ipairs(PARTS) do
    forget(sku)
  end
end
for _, name in ipairs({ 'terms', 'picked' }) do
  for sku, value in pairs(A[name]) do
    redis.call('HSET', K[name], sku, cmsgpack.pack(value))
  end
end
for _, sku in ipairs(A.skus) do
  if redis.call('HEXISTS', K.shelf, sku) == 1 then
    there[#there + 1] = sku
  end
end
return done({ skus = there })
