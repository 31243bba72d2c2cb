-- Opens a sale of a product on the shelf, now or later.
-- keys: room events bus sales stock shelf due draws bought orders orders_of holds ledger stats waiting queued timeline actions
-- uses: room timeline ledger sales coupons orders
-- durable: yes
-- keyed: yes
-- args: sale(id) sku price stock per_user hold_s starts_in_s lasts_s(0 = until closed) sales_max
--   fair_ms(0 = first come) seed(secret) by? events_max
-- returns: the sale; refuses not_found ended limit_reached
-- holds: the same sale id again returns the same sale; title, price and currency are frozen here.

local phase = room_at().phase
if not phase then
  return no_room()
end
local known = sale_of(A.sale)
if known then
  return done(known)
end
if phase == 'ended' and not room_at().sells then
  return refuse('ended', 'The stream of this room has ended; nothing more can be sold in it.')
end
local product = redis.call('HGET', K.shelf, A.sku)
if not product then
  return refuse('not_found', 'The product `' .. A.sku .. '` is not on the shelf; put it there first.')
end
local n = redis.call('HLEN', K.sales)
if n >= A.sales_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.sales_max) .. ' sales, and this one has.')
end

product = cmsgpack.unpack(product)
local now = now_ms()
local starts = now + A.starts_in_s * 1000
local ends = A.lasts_s > 0 and starts + A.lasts_s * 1000 or 0
local sale = { sale = A.sale, sku = A.sku, title = product.title, price = A.price,
  currency = product.currency, per_user = A.per_user, hold_s = A.hold_s, starts = starts,
  ends = ends, n = n + 1 }
if A.fair_ms > 0 then
  sale.fair_until, sale.draw_hash = starts + A.fair_ms, redis.sha1hex(A.seed)
  redis.call('HSET', K.draws, A.sale, A.seed)
  redis.call('ZADD', K.due, int(sale.fair_until), A.sale .. ':draw')
end
redis.call('HSET', K.sales, A.sale, cmsgpack.pack(sale))
sale.n = nil
sale.allocated, sale.left, sale.held, sale.sold, sale.ver = A.stock, A.stock, 0, 0, 0
sale.status = A.starts_in_s > 0 and 'scheduled' or 'open'
sales[A.sale] = sale
if A.starts_in_s > 0 then
  redis.call('ZADD', K.due, int(starts), A.sale .. ':start')
end
if ends > 0 then
  redis.call('ZADD', K.due, int(ends), A.sale .. ':end')
end
log({ k = 'sale', at = now, what = 'opened', sale = A.sale, add = A.stock, sku = A.sku,
  title = sale.title, price = A.price, currency = sale.currency, starts = starts, ends = ends,
  by = A.by })
record({ k = 'sale', at = now, what = 'opened', sale = A.sale, add = A.stock, sku = A.sku,
  title = sale.title, price = A.price, currency = sale.currency, starts = starts, ends = ends })
touch(sale)
sale.told = true
settle()
return done(sale)
