-- Reads an auction as its host sees it: what every bidder was brought to say, never what they would give.
-- keys: room auctions bidders bid_ranks sales stock
-- uses: room sales auctions bidding
-- args: auction bidders_max
-- returns: {auction, reserve, unit, bidders=[{paddle name bid leads}, ...]}: the highest first; `unit` is
-- what became of it: open held paid unsold; refuses not_found
-- holds: changes nothing; the leader's maximum stays a secret, for ever.

local auction = room_phase() and auction_of(A.auction)
if not auction then
  return refuse('not_found', 'There is no auction `' .. A.auction .. '` in this room.')
end
local sale = sale_view(auction.sale)
local unit = auction.status == 'open' and 'open' or sale.held > 0 and 'held' or sale.sold > 0 and 'paid'
  or 'unsold'
local bidders = {}
for i, user in ipairs(first_users(A.auction, A.bidders_max)) do
  local bidder = bidder_of(A.auction, user)
  bidders[i] = { paddle = bidder.paddle, name = bidder.name, leads = user == auction.user,
    bid = math.min(bidder.max, auction.price) }
end
return done({ auction = auction_view(auction), reserve = auction.reserve or 0, unit = unit,
  bidders = bidders })
