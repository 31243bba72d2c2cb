-- Takes units of a paid order back: their money is due back; they go on sale again if asked.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet timeline actions returning
-- uses: room timeline ledger sales coupons orders payments returns
-- durable: yes
-- keyed: yes
-- args: order lines?({sale returned}, units that are back in all) restock(bool) by? offer_hold_s orders_per_user_max events_max
-- returns: the order; refuses not_found conflict
-- holds: returning twice is the same as once; units that are not restocked leave `allocated` too; the
-- money of all parts adds up to the order's total; what the provider gave back before is not due again.

local order = order_of(A.order)
if not order then
  return refuse('not_found', 'There is no such order in this room.')
end
if order.status ~= 'paid' and order.status ~= 'returned' then
  return refuse('conflict', 'The order is ' .. order.status .. '; only a paid order can be returned.')
end
local units, any = {}, false
for _, line in ipairs(A.lines or {}) do
  local bought = line_of(order, line.sale)
  if not bought then
    return refuse('not_found', 'The order has nothing of the sale `' .. line.sale .. '`.')
  end
  if line.returned > bought.qty then
    return refuse('conflict', 'Of `' .. bought.sku .. '` ' .. int(bought.qty) .. ' were bought, so '
      .. int(line.returned) .. ' can\'t come back.')
  end
  local before = order.status == 'returned' and bought.qty or bought.returned or 0
  if line.returned < before then
    return refuse('conflict', 'Of `' .. bought.sku .. '` ' .. int(before) .. ' came back already; '
      .. '`returned` says how many are back in all.')
  end
  units[line.sale] = line.returned - before
  any = any or line.returned > before
end
if order.status == 'returned' or A.lines and not any then
  return done(order)
end
if not A.lines then
  for _, line in ipairs(order.lines) do
    units[line.sale] = units_kept(line)
  end
end
take_units(order, units, A.restock and true or false, now_ms())
settle()
return done(order)
