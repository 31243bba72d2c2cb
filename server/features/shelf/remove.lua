-- Takes a product off the shelf, its pin with it, and what other features know of it.
-- keys: room events bus shelf shelf_order metas timeline actions
-- uses: room timeline shelf
-- parts: off_shelf(sku)
-- args: sku by? events_max
-- returns: {sku}; refuses not_found
-- holds: what is pinned is on the shelf. A sale of the sku goes on: it has its own title and price.

if not room_phase() then
  return no_room()
end
if redis.call('HEXISTS', K.shelf, A.sku) == 0 then
  return refuse('not_found', 'There is no product `' .. A.sku .. '` on the shelf.')
end

take_off_shelf(A.sku)
for _, forget in ipairs(PARTS) do
  forget(A.sku)
end
return done({ sku = A.sku })
