-- Adds units to a sale, or sets how many it has in all, which may be fewer.
-- keys: room events bus sales stock once bought orders orders_of holds ledger stats waiting queued timeline actions
-- uses: room timeline ledger sales coupons orders
-- durable: yes
-- keyed: yes
-- args: sale add? or stock?(units in all) nonce(random, of this very call) stock_max offer_hold_s
--   orders_per_user_max by? events_max
-- returns: the sale; refuses not_found ended limit_reached conflict
-- holds: the same nonce adds once; allocated = left + held + sold; what is held or sold is never
-- taken away.

local sale = room_phase() and sale_of(A.sale)
if not sale then
  return refuse('not_found', 'There is no sale `' .. A.sale .. '` in this room.')
end
local nonce = 'restock/' .. A.nonce
if redis.call('HEXISTS', K.once, nonce) == 1 then
  return done(sale)
end
if sale.status == 'closed' then
  return refuse('ended', 'The sale is closed; open a new one.')
end
local add = A.add or A.stock - sale.allocated
if add == 0 then
  return done(sale)
end
if sale.allocated + add > A.stock_max then
  return refuse('limit_reached', 'A sale can have ' .. int(A.stock_max) .. ' units in all.')
end
if sale.left + add < 0 then
  return refuse('conflict', 'Of this sale ' .. int(sale.held) .. ' units are held and ' .. int(sale.sold)
    .. ' sold, so it can have no fewer than ' .. int(sale.held + sale.sold) .. '.')
end

redis.call('HSET', K.once, nonce, A.sale)
sale.allocated, sale.left = sale.allocated + add, sale.left + add
sale.told, sale.freed = true, add > 0
touch(sale)
local what = add > 0 and 'restocked' or 'lowered'
log({ k = 'sale', at = now_ms(), what = what, sale = A.sale, add = add })
record({ k = 'sale', at = now_ms(), what = what, sale = A.sale, add = add })
settle()
return done(sale)
