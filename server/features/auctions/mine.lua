-- Adds `auction`: their number and maximum in the newest auction, if they bid.
-- keys: bidders newest

local auction = redis.call('HGET', K.newest, 'auction')
if auction then
  for i, raw in ipairs(of_each(K.bidders, auction)) do
    if raw then
      local bidder = cmsgpack.unpack(raw)
      mine[i].auction = { paddle = bidder.paddle, max = bidder.max }
    end
  end
end
