-- Opens an auction of one unit of a product on the shelf.
-- keys: room events bus sales stock shelf metas terms picked bought orders orders_of holds ledger stats waiting queued unmet timeline actions transfers auctions auction_ends newest
-- uses: room timeline ledger sales coupons orders shown transfers lowest opening auctions announcing
-- durable: yes
-- keyed: yes
-- args: auction(id) sale(id) sku opening increment reserve? lasts_s counter_bid_s sudden_death hold_s
--   auctions_max sales_max shown_max? shown_bytes_max? fee?(of the platform, basis points) by?
--   transfer?({transfer merchant sku units}) events_max
-- returns: the auction; or {needs = {host merchant sku units}}: it can open with a transfer of these;
-- refuses not_found not_live limit_reached conflict
-- holds: one auction at a time; the same id, or the same transfer, again returns the same auction; its unit
-- is taken from its owner before anybody bids, and terms are frozen.

if not room_at().phase then
  return no_room()
end
local before = A.transfer and redis.call('HGET', K.transfers, A.transfer.transfer)
before = before and before ~= '' and sale_of(before)
local known = auction_of(before and before.auction or A.auction)
if known then
  return done(auction_view(known))
end
if room_at().phase ~= 'live' then
  return refuse('not_live', 'Auctions open while the room is live.')
end
local product = redis.call('HGET', K.shelf, A.sku)
if not product then
  return refuse('not_found', 'The product `' .. A.sku .. '` is not on the shelf; put it there first.')
end
local newest = redis.call('HGET', K.newest, 'auction')
newest = newest and auction_of(newest)
if newest and newest.status == 'open' then
  return refuse('conflict', 'The auction of `' .. newest.sku .. '` is open; open the next one after it.')
end
local n = redis.call('HLEN', K.auctions)
if n >= A.auctions_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.auctions_max)
    .. ' auctions, and this one has.')
end
local sales_before = redis.call('HLEN', K.sales)
if sales_before >= A.sales_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.sales_max)
    .. ' sales and auctions, and this one has.')
end
local frozen, instead = terms_for(A.sku, math.max(A.opening, A.reserve or 0))
if not frozen then
  return instead
end
local merchant, transfer = frozen.merchant, nil
if merchant then
  transfer, instead = take_transfer(merchant, A.sku, 1, A.sale)
  if not transfer then
    return instead
  end
end

product = cmsgpack.unpack(product)
tell_if_hidden(product)
local now = now_ms()
put_sale({ sale = A.sale, sku = A.sku, title = product.title, price = A.opening,
  currency = product.currency, per_user = 1, hold_s = A.hold_s, starts = now, ends = 0,
  n = sales_before + 1, terms = frozen.terms, merchant = merchant, auction = A.auction,
  meta = redis.call('HGET', K.metas, A.sku) or nil }, 1, 'open')
log({ k = 'sale', at = now, what = 'opened', sale = A.sale, add = 1, sku = A.sku, title = product.title,
  price = A.opening, currency = product.currency, starts = now, ends = 0, by = A.by,
  merchant = merchant, transfer = transfer, auction = A.auction })
local auction = { auction = A.auction, sale = A.sale, sku = A.sku, title = product.title,
  currency = product.currency, merchant = merchant, opening = A.opening, increment = A.increment,
  reserve = A.reserve, counter_bid_s = A.counter_bid_s, sudden_death = A.sudden_death or nil,
  hold_s = A.hold_s, starts = now, ends = now + A.lasts_s * 1000, status = 'open', price = 0, bids = 0,
  taken = 0, bidders = 0, n = n + 1, ver = 0 }
redis.call('HSET', K.newest, 'auction', A.auction)
announce(auction, 'opened', now, { sale = A.sale, sku = A.sku, currency = product.currency,
  opening = A.opening, increment = A.increment, reserve = A.reserve, counter_bid_s = A.counter_bid_s,
  sudden_death = A.sudden_death or nil, ends = auction.ends })
settle()
return done(auction_view(auction))
