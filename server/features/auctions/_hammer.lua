-- Prelude: how the hammer falls. Comes after orders, bidding and announcing; expects A.offers_max.

-- Those who may get the unit, each with the price they would pay if those before them had never bid:
-- the leader, then the next, as far down as the reserve.
local function takers(auction)
  local found = {}
  for i, user in ipairs(first_users(auction.auction, A.offers_max + 1)) do
    found[i] = bidder_of(auction.auction, user)
  end
  local able = {}
  for i = 1, math.min(#found, A.offers_max) do
    local next_one = found[i + 1]
    if not is_met(auction, found[i].max) then
      break
    end
    able[i] = found[i]
    able[i].price = price_of(auction, found[i].max, next_one and next_one.max)
  end
  return able
end

-- Lets a bidder wait for the unit, as on a waiting list: whoever gives it back makes the offer.
local function let_wait(sale, bidder, n)
  redis.call('HSET', K.queued, sale .. '/' .. bidder.user,
    cmsgpack.pack({ user = bidder.user, name = bidder.name, source = bidder.source, meta = bidder.meta,
      qty = 1, n = n, price = bidder.price }))
  redis.call('ZADD', K.waiting, 0, sale .. '/' .. string.format('%016.0f', n) .. '/' .. bidder.user)
end

-- The hammer falls: the unit is held for the leader, and the next ones wait for it. If there is no leader,
-- or the reserve is not met, it is not sold.
local function drop_hammer(auction, now)
  local winner, passed = nil, 0   -- those before the winner can have no order more
  for n, bidder in ipairs(takers(auction)) do
    if winner then
      let_wait(auction.sale, bidder, n)
    elseif not has_all_orders(bidder.user) then
      winner = bidder
      local order = 'o' .. string.sub(redis.sha1hex(A.room .. ' ' .. auction.auction), 1, 20)
      hold(order, bidder, { { sale = auction.sale, qty = 1, price = bidder.price } }, now)
    else
      passed = passed + 1
    end
  end
  auction.status, auction.ends = winner and 'sold' or 'unsold', math.min(auction.ends, now)
  if winner then
    auction.user, auction.name, auction.paddle = winner.user, winner.name, winner.paddle
    auction.price = winner.price
  else
    shut(sale_of(auction.sale), now)
  end
  announce(auction, 'hammered', now, { status = auction.status, bids = auction.bids,
    price = winner and winner.price, user = winner and winner.user, name = winner and winner.name,
    passed = passed > 0 and passed or nil })
end
