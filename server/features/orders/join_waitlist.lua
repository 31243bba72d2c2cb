-- Queues a buyer for units of a sold-out sale that may come back.
-- keys: room events bus sales stock draws waiting queued unmet bought orders orders_of holds ledger stats
-- uses: room ledger sales coupons orders
-- durable: yes
-- args: sale user name source? meta? qty waitlist_max offer_hold_s orders_per_user_max events_max
-- returns: {place}: 1 is next, 0 was offered what there is; refuses not_found ended not_live conflict limit_reached
-- holds: a buyer stands once in a sale's queue, at the place of the first time; who is not in it can
-- have no offer at once, and nobody before the draw.

local sale = room_phase() and sale_of(A.sale)
if not sale then
  return refuse('not_found', 'There is no sale `' .. A.sale .. '` in this room.')
end
local auctioned = sold_by_auction(sale)
if auctioned then
  return auctioned
end
if not room_at().sells then
  return refuse(room_at().phase == 'ended' and 'ended' or 'not_live',
    'The room is not live, so nobody can wait for units.')
end
if sale.status == 'closed' then
  return refuse('ended', 'The sale of `' .. sale.sku .. '` is over.')
end
local field, from, to = A.sale .. '/' .. A.user, '[' .. A.sale .. '/', '(' .. A.sale .. '0'
local known = redis.call('HGET', K.queued, field)
if redis.call('HEXISTS', K.draws, A.sale) == 1 then
  return refuse('conflict', 'The draw of `' .. sale.sku .. '` is still to come; buy to take part in it.')
end
if not known and sale.left >= A.qty then
  return refuse('conflict', 'There are units left; buy them.')
end
if live_units(A.sale, A.user) + A.qty > sale.per_user then
  return refuse('limit_reached', 'One buyer can have at most ' .. int(sale.per_user) .. ' of `'
    .. sale.sku .. '` in this sale.')
end
if has_all_orders(A.user) then
  return refuse('limit_reached', 'One buyer can have at most ' .. int(A.orders_per_user_max)
    .. ' orders in this room.')
end

-- The number behind all that wait for the sale. A server of the version before counts in the field
-- `n` of `queued`; the field is kept up for it, so that nobody overtakes.
local function next_number()
  local last = redis.call('ZREVRANGEBYLEX', K.waiting, to, from, 'LIMIT', 0, 1)[1]
  local n = last and tonumber(string.sub(last, #A.sale + 2, #A.sale + 17)) or 0
  n = math.max(n, tonumber(redis.call('HGET', K.queued, 'n')) or 0) + 1
  redis.call('HSET', K.queued, 'n', int(n))
  return n
end

local n
if known then
  n = cmsgpack.unpack(known).n
else
  if redis.call('ZLEXCOUNT', K.waiting, from, to) >= A.waitlist_max then
    return refuse('limit_reached', 'The waiting list of this sale is full.')
  end
  n = next_number()
end
local place_of = A.sale .. '/' .. string.format('%016.0f', n) .. '/'
redis.call('HSET', K.queued, field,
  cmsgpack.pack({ user = A.user, name = A.name, source = A.source, meta = A.meta, qty = A.qty, n = n }))
redis.call('ZADD', K.waiting, 0, place_of .. A.user)
note_want(sale.sku, A.user, 'refused')
offer(sale, now_ms())   -- the first buyer may have blocked the queue and want fewer units now
settle()
if redis.call('HEXISTS', K.queued, field) == 0 then
  return done({ place = 0 })
end
return done({ place = redis.call('ZLEXCOUNT', K.waiting, from, '[' .. place_of .. A.user) })
