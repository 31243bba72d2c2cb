-- Holds units for a batch of buyers, in the order given.
-- keys: room events bus sales stock due once bought orders orders_of holds ledger stats
-- uses: room sales orders
-- durable: yes
-- args: buys=[{user name once(field) digest order(id) lines=[{sale qty}]}] orders_per_user_max events_max
-- returns: per buy {order} or {err msg retry_ms?}; refuses not_found
-- holds: a refused buy changes nothing; the same `once` field gives the same order for ever; no more
-- than `left` is held and no buyer's live units pass the sale's per_user.

local phase = room_phase()
if not phase then
  return no_room()
end
local now = now_ms()
local mine = {}   -- user -> order ids, as this call has left them
local owners = {}

local function no(code, msg, retry_ms)
  return { err = code, msg = msg, retry_ms = retry_ms }
end

local function ids_of(user)
  if not mine[user] then
    local raw = redis.call('HGET', K.orders_of, user)
    mine[user] = raw and cmsgpack.unpack(raw) or {}
  end
  return mine[user]
end

-- Why a line of a buy can't be had; nil if it can.
local function refusal(line, user)
  local sale = sale_of(line.sale)
  if not sale then
    return no('not_found', 'There is no such sale in this room.')
  end
  if sale.status == 'closed' or (sale.ends > 0 and now >= sale.ends) then
    return no('ended', 'The sale of `' .. sale.sku .. '` is over.')
  end
  if now < sale.starts then
    return no('not_started', 'The sale of `' .. sale.sku .. '` has not started.', sale.starts - now)
  end
  if sale.left == 0 then
    return no('sold_out', 'Sold out: `' .. sale.sku .. '`. Units that are held may come back.')
  end
  if sale.left < line.qty then
    return no('sold_out', 'Only ' .. int(sale.left) .. ' of `' .. sale.sku .. '` left; ask for fewer.')
  end
  if live_units(line.sale, user) + line.qty > sale.per_user then
    return no('limit_reached', 'One buyer can have at most ' .. int(sale.per_user) .. ' of `'
      .. sale.sku .. '` in this sale.')
  end
end

local function refusal_of(buy)
  if phase ~= 'live' then
    return no(phase == 'ended' and 'ended' or 'not_live', 'The room is not live, so nothing can be bought.')
  end
  for _, line in ipairs(buy.lines) do
    local no_line = refusal(line, buy.user)
    if no_line then
      return no_line
    end
    if sale_of(line.sale).currency ~= sale_of(buy.lines[1].sale).currency then
      return no('conflict', 'An order has one currency; buy these products in two orders.')
    end
  end
  if #ids_of(buy.user) >= A.orders_per_user_max then
    return no('limit_reached', 'One buyer can have at most ' .. int(A.orders_per_user_max)
      .. ' orders in this room.')
  end
end

local function hold(buy)
  local lines, total, hold_s, currency = {}, 0, math.huge, nil
  for i, line in ipairs(buy.lines) do
    local sale = sale_of(line.sale)
    if sale.status == 'scheduled' then   -- its time has come, though nobody has swept yet
      sale.status, sale.told = 'open', true
      redis.call('ZREM', K.due, sale.sale .. ':start')
    end
    shift(sale, 'left', 'held', line.qty)
    add_live(line.sale, buy.user, line.qty)
    lines[i] = { sale = line.sale, sku = sale.sku, title = sale.title, qty = line.qty,
      price = sale.price }
    total = total + line.qty * sale.price
    hold_s = math.min(hold_s, sale.hold_s)
    currency = sale.currency
  end
  local order = { order = buy.order, room = A.room, user = buy.user, name = buy.name,
    lines = lines, total = total, currency = currency, created = now,
    hold_until = now + hold_s * 1000 }
  set_status(order, 'held', now)
  redis.call('HSET', K.once, buy.once, cmsgpack.pack({ digest = buy.digest, order = buy.order }))
  local ids = ids_of(buy.user)
  ids[#ids + 1] = buy.order
  if not owners[buy.user] then
    owners[buy.user] = true
  end
  return { order = order }
end

local function outcome(buy)
  local before = redis.call('HGET', K.once, buy.once)
  if before then
    before = cmsgpack.unpack(before)
    if before.digest ~= buy.digest then
      return no('key_reused', 'This key was used for another buy; take a new one for a new buy.')
    end
    return { order = order_of(before.order) }
  end
  return refusal_of(buy) or hold(buy)
end

local outcomes = {}
for i, buy in ipairs(A.buys) do
  outcomes[i] = outcome(buy)
end
for user in pairs(owners) do
  redis.call('HSET', K.orders_of, user, cmsgpack.pack(mine[user]))
end
settle()
return done(outcomes)
