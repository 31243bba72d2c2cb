-- Changes the price of a standing sale. Orders keep the price at which they were held.
-- keys: room events bus sales stock prices picked bought orders orders_of holds ledger stats waiting queued unmet timeline actions
-- uses: room timeline ledger sales coupons orders prices lowest repricing
-- durable: yes
-- keyed: yes
-- args: sale price lowest?(by currency, of the host's rooms in 30 days; false: not known) by? events_max
-- returns: the sale; refuses not_found ended conflict
-- holds: the same price again is no news; `was` is the lowest price of 30 days, and absent unless it was
-- higher.

local sale = room_phase() and sale_of(A.sale)
if not sale then
  return refuse('not_found', 'There is no sale `' .. A.sale .. '` in this room.')
end
if sale.status == 'closed' then
  return refuse('ended', 'The sale is closed; open a new one.')
end
if sale.kind ~= 'standing' then
  return refuse('conflict', 'A flash sale keeps its price; close it, or open another one.')
end
if A.price == sale.price then
  return done(sale)
end
local too_low = below_lowest(sale.sku, A.price)
if too_low then
  return too_low
end

reprice(sale, A.price, now_ms())
settle()
return done(sale)
