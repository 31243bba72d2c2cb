-- The end of the stream ends its auction, unless the room goes on selling.
-- keys: auction_ends

if phase == 'ended' and not selling then
  for _, id in ipairs(redis.call('ZRANGE', K.auction_ends, 0, -1)) do
    redis.call('ZADD', K.auction_ends, int(at), id)
  end
end
