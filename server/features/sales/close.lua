-- Closes a sale: no more buys; what is held may still be paid until the hold lapses.
-- keys: room events bus sales stock due bought orders orders_of holds ledger stats waiting queued unmet standing prices timeline actions
-- uses: room timeline ledger sales coupons orders prices closing
-- durable: yes
-- keyed: yes
-- args: sale by? offer_hold_s orders_per_user_max events_max
-- returns: the sale; refuses not_found conflict
-- holds: closing twice is the same as closing once.

local sale = room_phase() and sale_of(A.sale)
if not sale then
  return refuse('not_found', 'There is no sale `' .. A.sale .. '` in this room.')
end
local auctioned = sold_by_auction(sale)
if auctioned then
  return auctioned
end
if sale.status ~= 'closed' then
  close_sale(sale, now_ms())
  settle()
end
return done(sale)
