-- Lets the hammer fall where an auction's end has come, by the clock of Redis, or that of its stream.
-- keys: room events bus sales stock bought orders orders_of holds ledger stats waiting queued unmet timeline actions auctions auction_ends bidders bid_ranks
-- uses: room timeline ledger sales coupons orders auctions bidding announcing hammer
-- durable: yes
-- args: batch_max offers_max orders_per_user_max offer_hold_s events_max
-- returns: {changed, next(ms, 0 = nothing is due later)}
-- holds: a hammer falls once, however many workers ask; the unit is held for one buyer at a time; an
-- auction that can't be read waits and stops no other.

local now, changes = now_ms(), 0
local function drop_if_over(id)
  local bad = #damaged
  local auction = readable('auction ' .. id, sound_auction, id)
  if auction and auction.status == 'open' then
    if not is_over(auction, now, room_at()) then
      redis.call('ZADD', K.auction_ends, int(auction.ends), id)   -- a bid came meanwhile
      return
    end
    if readable('sale ' .. auction.sale, sound_sale, auction.sale) then
      drop_hammer(auction, now)
      changes = changes + 1
    end
  end
  settle_due(K.auction_ends, id, bad, now)
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.auction_ends, '-inf', int(now), 'LIMIT', 0, A.batch_max)) do
  drop_if_over(id)
end
settle()
local first = redis.call('ZRANGE', K.auction_ends, 0, 0, 'WITHSCORES')
return done({ changed = changes, next = tonumber(first[2]) or 0 })
