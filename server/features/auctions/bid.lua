-- Takes a batch of bids in the order given, each accepted or refused on its own.
-- keys: room events bus auctions auction_ends bidders bid_ranks bid_keys moderators orders_of ledger stats timeline actions
-- uses: room staff timeline ledger auctions bidding
-- durable: yes
-- args: bids=[{auction user name role? source? meta? max key(field of bid_keys)}] bidders_max
--   orders_per_user_max events_max
-- returns: per bid {standing} or {err msg}: not_found forbidden ended conflict limit_reached
-- key_reused internal; refuses not_found as a whole
-- holds: no bid is taken after the end, by the clock of Redis; the same key gives the same bid for ever; a
-- refused bid changes nothing; the price is what the two highest maxima make of it.

local at = room_at()
if not at.phase then
  return no_room()
end
local now = now_ms()
local auctions = {}
local changed, in_turn = {}, {}   -- auctions with a new bid, by id and in their order
local moved = {}                  -- those of which everybody is told

local function auction_at(id)
  if auctions[id] == nil then
    auctions[id] = sound_auction(id) or false
  end
  return auctions[id]
end

local function sells_here(bid, auction)
  return bid.user == auction.merchant or moderates(bid.user, bid.role) or may_host(bid.user, bid.role)
end

-- The reason why a bid of `max` is not taken; nil if it is.
local function refusal(bid, auction, bidder)
  if is_over(auction, now, at) then
    return refuse('ended', 'The auction of `' .. auction.sku .. '` is over.')
  elseif sells_here(bid, auction) then
    return refuse('forbidden', 'Who sells here, or helps to, can\'t bid.')
  elseif auction.user == bid.user and bid.max <= auction.top then
    return refuse('conflict', 'You lead, with a maximum of ' .. int(auction.top)
      .. ' in the minor unit; a maximum can only be raised.')
  elseif auction.user ~= bid.user and bid.max < least_bid(auction) then
    return refuse('conflict', 'The next bid is ' .. int(least_bid(auction))
      .. ' or more, in the minor unit.')
  elseif not bidder and auction.bidders >= A.bidders_max then
    return refuse('limit_reached', 'An auction takes ' .. int(A.bidders_max)
      .. ' bidders, and this one has them.')
  end
  local _, orders = string.gsub(redis.call('HGET', K.orders_of, bid.user) or '', ' ', ' ')
  if orders >= A.orders_per_user_max then
    return refuse('limit_reached', 'One buyer can have at most ' .. int(A.orders_per_user_max)
      .. ' orders in this room.')
  end
end

-- Where a bidder stands now.
local function standing(auction, bidder)
  return cmsgpack.pack({ standing = { auction = auction.auction, paddle = bidder.paddle,
    max = bidder.max, leads = auction.user == bidder.user, price = auction.price,
    ends = auction.ends, ver = auction.ver } })
end

local function put_bidder(bid, auction, bidder)
  if bidder then
    redis.call('ZREM', K.bid_ranks, rank_of(auction.auction, bidder))
  else
    auction.bidders = auction.bidders + 1
    bidder = { user = bid.user, paddle = auction.bidders }
  end
  bidder.name, bidder.source, bidder.meta = bid.name, bid.source, bid.meta
  bidder.max, bidder.n = bid.max, auction.taken
  redis.call('HSET', K.bidders, auction.auction .. '/' .. bid.user, cmsgpack.pack(bidder))
  redis.call('ZADD', K.bid_ranks, 0, rank_of(auction.auction, bidder))
  return bidder
end

-- Of two maxima the higher leads, and of equal ones the earlier. Whoever bids against somebody late gives
-- all others as much time as they had; nobody gains time by raising their own maximum.
local function rank_bid(bid, auction, bidder)
  if auction.user == bid.user then
    auction.top = bid.max
  else
    auction.bids = auction.bids + 1
    if auction.user and bid.max <= auction.top then
      auction.second = math.max(auction.second or 0, bid.max)
    else
      auction.second, auction.top = auction.top, bid.max
      auction.user, auction.name, auction.paddle = bid.user, bid.name, bidder.paddle
    end
    if not auction.sudden_death then
      auction.ends = math.max(auction.ends, now + auction.counter_bid_s * 1000)
    end
  end
  auction.price = price_of(auction, auction.top, auction.second)
end

local function place(bid, auction, bidder)
  local bids, price = auction.bids, auction.price
  if not changed[auction.auction] then
    changed[auction.auction] = auction
    in_turn[#in_turn + 1] = auction
  end
  auction.taken = auction.taken + 1
  bidder = put_bidder(bid, auction, bidder)
  rank_bid(bid, auction, bidder)
  if not moved[auction] and (auction.bids ~= bids or auction.price ~= price) then
    moved[auction] = true
    auction.ver = auction.ver + 1
  end
  redis.call('HSET', K.bid_keys, bid.key, auction.auction .. ' ' .. int(bid.max))
  log({ k = 'bid', at = now, auction = auction.auction, bid = auction.taken, user = bid.user,
    name = bid.name, paddle = bidder.paddle, max = bid.max, price = auction.price,
    leads = auction.user == bid.user, ends = auction.ends })
  return standing(auction, bidder)
end

-- What a bid finds: `no`, its packed answer without a change, or its `auction` and `bidder`, if it is
-- taken. It writes nothing.
local function judge(bid)
  local auction = auction_at(bid.auction)
  if not auction then
    return { no = refuse('not_found', 'There is no auction `' .. bid.auction .. '` in this room.') }
  end
  local bidder = bidder_of(bid.auction, bid.user)
  local before = redis.call('HGET', K.bid_keys, bid.key)
  if before == bid.auction .. ' ' .. int(bid.max) then
    return { no = standing(auction, bidder) }
  elseif before then
    return { no = refuse('key_reused', 'This key was used for another bid; take a new one.') }
  end
  return { no = refusal(bid, auction, bidder), auction = auction, bidder = bidder }
end

-- The packed outcome of a bid.
local function outcome(bid)
  local found = readable('bid of ' .. bid.user, judge, bid)
  if not found then
    return refuse('internal', 'What is stored for this bid can not be read, so it was not taken; the '
      .. 'operator was told.')
  end
  return found.no or place(bid, found.auction, found.bidder)
end

local outcomes = { array_head(#A.bids) }
for i, bid in ipairs(A.bids) do
  outcomes[i + 1] = outcome(bid)
end
for _, auction in ipairs(in_turn) do
  keep_auction(auction)
  redis.call('ZADD', K.auction_ends, int(auction.ends), auction.auction)
  if moved[auction] then
    local event = standing_of(auction)
    record({ k = 'bids', at = now, auction_id = auction.auction, price = auction.price,
      bids = auction.bids, leader = event.leader, paddle = auction.paddle, ends = auction.ends })
    event.t = 'bids'
    mention(event)
  end
end
write_ledger()
publish()
return reply(table.concat(outcomes))
