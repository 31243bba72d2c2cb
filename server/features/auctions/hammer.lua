-- Gives fair warning: the hammer falls when the time for a counter-bid is over, unless somebody bids.
-- keys: room events bus auctions auction_ends ledger stats timeline actions
-- uses: room timeline ledger auctions announcing
-- durable: yes
-- args: auction by? events_max
-- returns: the auction; refuses not_found ended conflict
-- holds: bidders have the time for a counter-bid left, always; again is no news.

local auction = room_phase() and auction_of(A.auction)
if not auction then
  return refuse('not_found', 'There is no auction `' .. A.auction .. '` in this room.')
end
local now = now_ms()
if is_over(auction, now, room_at()) then
  return refuse('ended', 'The auction of `' .. auction.sku .. '` is over.')
end
if auction.sudden_death then
  return refuse('conflict', 'This auction ends at the time that was promised, by sudden death; cancel it '
    .. 'if you must.')
end
local ends = now + auction.counter_bid_s * 1000
if ends < auction.ends then
  auction.ends = ends
  announce(auction, 'warned', now, { ends = ends })
  write_ledger()
end
return done(auction_view(auction))
