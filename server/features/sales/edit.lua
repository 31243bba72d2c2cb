-- Changes many products of the shelf, the prices and stock of their standing sales with them: all rows or none.
-- keys: room events bus shelf shelf_order metas sales stock standing prices bought orders orders_of holds ledger stats waiting queued unmet timeline actions
-- uses: room timeline ledger shelf sales coupons orders prices repricing
-- durable: yes
-- args: rows({sku title? price? currency? stock? lowest?(as in price)}, each sku once) stock_max products_max
--   bytes_max? offer_hold_s orders_per_user_max by? events_max
-- returns: {added changed wrong({row sku why}, 20 at most)}; refuses not_found limit_reached
-- holds: with a wrong row nothing is changed; what is held or sold is never taken away; nothing of a
-- merchant's is changed here.

local WRONG_MAX = 20

if not room_phase() then
  return no_room()
end

-- Why a row can't be done; nil if it can. The product and its standing sale are noted in it.
local function wrong_with(row)
  local raw = redis.call('HGET', K.shelf, row.sku)
  row.product = raw and cmsgpack.unpack(raw) or nil
  if not row.product then
    if not (row.title and row.price and row.currency) then
      return 'It is not on the shelf; a new product needs a title, a price and a currency.'
    end
    row.product, row.is_new = { sku = row.sku }, true
  elseif row.product.merchant then
    return 'It is of the merchant `' .. row.product.merchant .. '`, who alone changes it; restock its sale.'
  end
  local standing = redis.call('HGET', K.standing, row.sku)
  local sale = standing and sale_of(standing)
  row.sale = sale and sale.status ~= 'closed' and sale or nil
  sale = row.sale
  if sale and row.currency and row.currency ~= sale.currency then
    return 'It is on sale in ' .. sale.currency .. '; close that sale before you change the currency.'
  end
  if sale and sale.merchant then
    return 'Its sale has units of the merchant `' .. sale.merchant .. '`; restock that sale.'
  end
  if not row.stock then
    return nil
  end
  if not sale then
    return 'It has no standing sale whose stock could be set; put it on sale first.'
  end
  if row.stock > A.stock_max then
    return 'A sale can have ' .. int(A.stock_max) .. ' units in all.'
  end
  local least = sale.allocated - sale.left
  if row.stock < least then
    return int(least) .. ' units of it are held or sold, so its stock can be no less.'
  end
end

local wrong = {}
for i, row in ipairs(A.rows) do
  local why = wrong_with(row)
  if why and #wrong < WRONG_MAX then
    wrong[#wrong + 1] = { row = i, sku = row.sku, why = why }
  end
end
if #wrong > 0 then
  return done({ added = 0, changed = 0, wrong = wrong })
end

local products, added, edited = {}, 0, 0
for _, row in ipairs(A.rows) do
  local product, differs = row.product, row.is_new
  for _, field in ipairs({ 'title', 'price', 'currency' }) do
    if row[field] and row[field] ~= product[field] then
      product[field], differs = row[field], true
    end
  end
  if differs then
    products[#products + 1] = product
  end
  local sale = row.sale
  row.reprices = sale and row.price and row.price ~= sale.price
  row.add = sale and row.stock and row.stock - sale.allocated or 0
  if row.is_new then
    added = added + 1
  elseif differs or row.reprices or row.add ~= 0 then
    edited = edited + 1
  end
end
local refused = #products > 0 and put_on_shelf(products)
if refused then
  return refused
end
local now = now_ms()
for _, row in ipairs(A.rows) do
  local sale = row.sale
  if row.reprices then
    A.lowest = row.lowest
    reprice(sale, row.price, now)
  end
  if row.add ~= 0 then
    sale.allocated, sale.left = sale.allocated + row.add, sale.left + row.add
    sale.told, sale.freed = true, row.add > 0
    touch(sale)
    local what = row.add > 0 and 'restocked' or 'lowered'
    log({ k = 'sale', at = now, what = what, sale = sale.sale, add = row.add })
    record({ k = 'sale', at = now, what = what, sale = sale.sale, add = row.add })
  end
end
settle()
return done({ added = added, changed = edited, wrong = {} })
