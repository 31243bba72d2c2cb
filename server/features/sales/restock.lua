-- Adds units to a sale, or sets how many it has in all, which may be fewer.
-- keys: room events bus sales stock once bought orders orders_of holds ledger stats waiting queued unmet timeline actions transfers
-- uses: room timeline ledger sales coupons orders transfers
-- durable: yes
-- keyed: yes
-- args: sale add? or stock?(units in all) nonce(random, of this very call) stock_max offer_hold_s
--   orders_per_user_max by? transfer?({transfer merchant sku units}) events_max
-- returns: the sale; or {needs = {host merchant sku units}}: a transfer of these; refuses not_found ended
-- limit_reached conflict
-- holds: the same nonce, or the same transfer, adds once; allocated = left + held + sold; what is held
-- or sold is never taken away; what a merchant's sale has fewer of goes home;
-- a sale on top of a standing one takes its units from there and gives them back there.

local sale = room_phase() and sale_of(A.sale)
if not sale then
  return refuse('not_found', 'There is no sale `' .. A.sale .. '` in this room.')
end
local auctioned = sold_by_auction(sale)
if auctioned then
  return auctioned
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
local base = base_of(sale)
if base and add > base.left then
  return refuse('conflict', 'This sale takes its units from the standing sale of `' .. sale.sku
    .. '`, which has ' .. int(base.left) .. ' left; add units there first.')
end
if sale.left + add < 0 then
  return refuse('conflict', 'Of this sale ' .. int(sale.held) .. ' units are held and ' .. int(sale.sold)
    .. ' sold, so it can have no fewer than ' .. int(sale.held + sale.sold) .. '.')
end

local transfer, instead
if sale.merchant and add > 0 and not base then
  transfer, instead = take_transfer(sale.merchant, sale.sku, add, A.sale)
  if not transfer then
    return instead
  end
end

redis.call('HSET', K.once, nonce, A.sale)
local what = add > 0 and 'restocked' or 'lowered'
if base and add > 0 then
  move_units(base, sale, add)
elseif base then
  move_units(sale, base, -add)
else
  sale.allocated, sale.left = sale.allocated + add, sale.left + add
  sale.told, sale.freed = true, add > 0
  touch(sale)
  log({ k = 'sale', at = now_ms(), what = what, sale = A.sale, add = add, transfer = transfer,
    merchant = transfer and sale.merchant, sku = transfer and sale.sku,
    home = sale.merchant and add < 0 and -add or nil })
end
record({ k = 'sale', at = now_ms(), what = what, sale = A.sale, add = add })
settle()
return done(sale)
