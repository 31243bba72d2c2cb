-- Prelude: what becomes of an auction is kept, told and noted. Comes after timeline, ledger and auctions;
-- expects K.auction_ends.

-- An auction has come to a status: it is kept, told, and noted.
local function announce(auction, what, now, about)
  auction.ver = auction.ver + 1
  keep_auction(auction)
  if auction.status == 'open' then
    redis.call('ZADD', K.auction_ends, int(auction.ends), auction.auction)
  else
    redis.call('ZREM', K.auction_ends, auction.auction)
  end
  local line = about or {}
  line.k, line.at, line.what, line.auction, line.by = 'auction', now, what, auction.auction, A.by
  log(line)
  local view = auction_view(auction)
  record({ k = 'auction', at = now, what = what, auction = view })
  tell_room({ t = 'auction', auction = view })
end
