-- Takes a paid order back: its money is due back; its units go on sale again if asked.
-- keys: room events bus sales stock payments refunds bought orders orders_of holds ledger stats waiting queued timeline actions
-- uses: room timeline ledger sales coupons orders payments
-- durable: yes
-- args: order restock(bool) by? offer_hold_s orders_per_user_max events_max
-- returns: the order; refuses not_found conflict
-- holds: returning twice is the same as once; units that are not restocked leave `allocated` too.

local order = order_of(A.order)
if not order then
  return refuse('not_found', 'There is no such order in this room.')
end
if order.status == 'returned' then
  return done(order)
end
if order.status ~= 'paid' then
  return refuse('conflict', 'The order is ' .. order.status .. '; only a paid order can be returned.')
end
local now = now_ms()
for _, line in ipairs(order.lines) do
  local sale = sale_of(line.sale)
  if A.restock then
    shift(sale, 'sold', 'left', line.qty)
  else
    sale.sold, sale.allocated = sale.sold - line.qty, sale.allocated - line.qty
    sale.told = true   -- the counts alone don't say how many are allocated
    touch(sale)
  end
  add_live(line.sale, order.user, -line.qty)
end
set_payment(payment_of(order.payment), 'refund_due', now)
set_status(order, 'returned', now, A.restock and true or false)
settle()
record({ k = 'return', at = now, order = A.order, user = order.user,
  restock = A.restock and true or false })
return done(order)
