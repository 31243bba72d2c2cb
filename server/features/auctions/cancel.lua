-- Cancels an auction before its hammer falls: its unit is not sold, and goes home if it is a merchant's.
-- keys: room events bus sales stock bought orders orders_of holds ledger stats waiting queued unmet timeline actions auctions auction_ends
-- uses: room timeline ledger sales coupons orders auctions announcing
-- durable: yes
-- args: auction reason by? events_max
-- returns: the auction; refuses not_found ended
-- holds: no auction is cancelled after its end; cancelling twice is the same as cancelling once.

local auction = room_phase() and auction_of(A.auction)
if not auction then
  return refuse('not_found', 'There is no auction `' .. A.auction .. '` in this room.')
end
if auction.status == 'cancelled' then
  return done(auction_view(auction))
end
local now = now_ms()
if is_over(auction, now, room_at()) then
  return refuse('ended', 'The auction of `' .. auction.sku .. '` is over; it can\'t be cancelled now.')
end
auction.status, auction.reason, auction.ends = 'cancelled', A.reason, now
shut(sale_of(auction.sale), now)
announce(auction, 'cancelled', now, { reason = A.reason })
settle()
return done(auction_view(auction))
