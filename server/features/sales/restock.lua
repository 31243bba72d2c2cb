-- Adds units to a sale.
-- keys: room events bus sales stock once bought orders orders_of holds ledger stats waiting queued timeline actions
-- uses: room timeline ledger sales coupons orders
-- durable: yes
-- keyed: yes
-- args: sale add nonce(random, of this very call) stock_max offer_hold_s
--   orders_per_user_max by? events_max
-- returns: the sale; refuses not_found ended limit_reached
-- holds: the same nonce adds once; allocated = left + held + sold.

local sale = room_phase() and sale_of(A.sale)
if not sale then
  return refuse('not_found', 'There is no sale `' .. A.sale .. '` in this room.')
end
local once = 'restock/' .. A.nonce
if redis.call('HEXISTS', K.once, once) == 1 then
  return done(sale)
end
if sale.status == 'closed' then
  return refuse('ended', 'The sale is closed; open a new one.')
end
if sale.allocated + A.add > A.stock_max then
  return refuse('limit_reached', 'A sale can have ' .. int(A.stock_max) .. ' units in all.')
end

redis.call('HSET', K.once, once, A.sale)
sale.allocated, sale.left = sale.allocated + A.add, sale.left + A.add
sale.told, sale.freed = true, true
touch(sale)
local now = now_ms()
log({ k = 'sale', at = now, what = 'restocked', sale = A.sale, add = A.add })
record({ k = 'sale', at = now, what = 'restocked', sale = A.sale, add = A.add })
settle()
return done(sale)
