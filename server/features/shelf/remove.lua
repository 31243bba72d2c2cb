-- Takes a product off the shelf, and its pin with it.
-- keys: room events bus shelf shelf_order timeline actions
-- uses: room timeline
-- args: sku by? events_max
-- returns: {sku}; refuses not_found
-- holds: what is pinned is on the shelf. A sale of the sku goes on: it has its own title and price.

if not room_phase() then
  return no_room()
end
if redis.call('HEXISTS', K.shelf, A.sku) == 0 then
  return refuse('not_found', 'There is no product `' .. A.sku .. '` on the shelf.')
end

redis.call('HDEL', K.shelf, A.sku)
redis.call('ZREM', K.shelf_order, A.sku)
if redis.call('HGET', K.room, 'pin') == A.sku then
  redis.call('HSET', K.room, 'pin', '')
  tell_room({ t = 'pin' })
  record({ k = 'pin', sku = '' })
end
tell_room({ t = 'shelf', remove = A.sku })
record({ k = 'shelf', remove = A.sku })
return done({ sku = A.sku })
