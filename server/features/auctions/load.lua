-- Adds the newest auction.
-- keys: auctions newest
-- uses: auctions

local newest = redis.call('HGET', K.newest, 'auction')
newest = newest and auction_of(newest)
loaded.auction = newest and auction_view(newest) or nil
