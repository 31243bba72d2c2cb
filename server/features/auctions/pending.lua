-- Auctions whose hammer will fall.
-- keys: auction_ends

return redis.call('EXISTS', K.auction_ends) == 1
