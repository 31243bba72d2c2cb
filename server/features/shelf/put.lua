-- Puts a product of the host's own on the shelf, or replaces the one of the same sku where it stands.
-- Of a merchant's goods it changes what the host says of them.
-- keys: room events bus shelf shelf_order metas timeline actions
-- uses: room timeline shelf
-- args: product(messages.ProductSheet) meta?('' removes it) products_max bytes_max? by? events_max
-- returns: the product; refuses not_found limit_reached forbidden
-- holds: `shelf` and `shelf_order` name the same skus, at most products_max of them;
-- together they have at most bytes_max bytes packed, or shrink. What a merchant says of goods (title,
-- price, flaws, proofs, pictures) stays as it is.

if not room_phase() then
  return no_room()
end
local product = A.product
local raw = redis.call('HGET', K.shelf, product.sku)
local before = raw and cmsgpack.unpack(raw) or {}
if before.merchant then
  for _, field in ipairs({ 'title', 'price', 'currency', 'image', 'url', 'flaws', 'proofs' }) do
    if not alike(before[field] or {}, product[field] or {}) then
      return refuse('forbidden', 'The product `' .. product.sku .. '` is of the merchant `'
        .. before.merchant .. '`, who alone changes its `' .. field .. '`; you can change `points`.')
    end
  end
  before.points, before.replaces = product.points, product.replaces
  product = before
end
local refused = put_on_shelf({ product })
if refused then
  return refused
end
if A.meta == '' then
  redis.call('HDEL', K.metas, product.sku)
elseif A.meta then
  redis.call('HSET', K.metas, product.sku, A.meta)
end
return done(product)
