-- Prelude of every script about auctions. Comes after room; expects K.auctions.
-- A row of `auctions` is an auction with what nobody is told: `reserve` (absent: none), the leader
-- {user, name} and their maximum `top`, the highest maximum `second` of all others, `taken` how many bids
-- there were, and its `sale`. A leader who raises the own maximum makes no bid that
-- others see: `bids` are those against somebody.

local function auction_of(id)
  local raw = redis.call('HGET', K.auctions, id)
  return raw and cmsgpack.unpack(raw) or nil
end

-- An auction that can be reckoned with; nil where there is none. An error for any other.
local function sound_auction(id)
  local auction = auction_of(id)
  if auction then
    local _ = auction.opening + auction.increment + auction.counter_bid_s + auction.hold_s + auction.ends
      + auction.price + auction.bids + auction.taken + auction.bidders + auction.ver + (auction.top or 0)
      + (auction.second or 0) + (auction.reserve or 0)
    assert(auction.auction == id, 'it has the id of another')
    for _, name in ipairs({ 'sku', 'status', 'sale' }) do
      assert(type(auction[name]) == 'string', 'it has no `' .. name .. '`')
    end
  end
  return auction
end

-- Whether the hammer has to fall now, if it has not yet: by the clock, or since the room (see room_at())
-- sells no longer.
local function is_over(auction, now, at)
  return auction.status ~= 'open' or now >= auction.ends or not at.sells
end

local function is_met(auction, max)
  return not auction.reserve or max >= auction.reserve
end

-- What the highest maximum `top` pays, if `second` (nil: there is none) is the next: no more than it takes
-- to be one increment above it, and the reserve, once it is met.
local function price_of(auction, top, second)
  local price = auction.opening
  if second then
    price = math.max(price, math.min(top, second + auction.increment))
  end
  if auction.reserve and top >= auction.reserve then
    price = math.max(price, auction.reserve)
  end
  return price
end

-- The least that the next bidder can bid.
local function least_bid(auction)
  return auction.bids == 0 and auction.opening or auction.price + auction.increment
end

local function reserve_is(auction)
  if not auction.reserve then
    return nil
  end
  return auction.bids > 0 and is_met(auction, auction.top) and 'met' or 'unmet'
end

-- What changes with bids, as the wire knows it.
local function standing_of(auction)
  return { auction = auction.auction, price = auction.price, bids = auction.bids,
    bidders = auction.bidders, ends = auction.ends, leader = auction.name and masked(auction.name),
    paddle = auction.paddle, reserve = reserve_is(auction), ver = auction.ver }
end

-- An auction as the wire knows it (messages.Auction): without its secrets.
local function auction_view(auction)
  local view = standing_of(auction)
  for _, name in ipairs({ 'sku', 'title', 'currency', 'status', 'opening', 'increment', 'counter_bid_s',
    'sudden_death', 'hold_s', 'starts', 'merchant', 'reason' }) do
    view[name] = auction[name]
  end
  return view
end

-- The end of a range over the members of one auction: 0 comes right after /.
local function of_auction(id)
  return '[' .. id .. '/', '(' .. id .. '0'
end

local function keep_auction(auction)
  redis.call('HSET', K.auctions, auction.auction, cmsgpack.pack(auction))
end
