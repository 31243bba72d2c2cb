-- Prelude: serves the buys of a sale. Comes after orders; expects K.due K.once K.draws K.entries,
-- K.claims, A.orders_per_user_max A.entries_max.
-- A buy is {user name source? meta? claim? at_most? once digest order lines=[{sale qty}]}.

local now = now_ms()
local phase, sells = room_at().phase, room_at().sells

local once = {}   -- field of `once` -> what is there, false for nothing
local used = {}   -- field, value of the keys this call used up

local function no(code, msg, retry_ms)
  return cmsgpack.pack({ err = code, msg = msg, retry_ms = retry_ms })
end

-- Reads a hash's `fields` into `cache` in few commands.
local function read_fields(key, fields, cache, otherwise)
  for first = 1, #fields, 1000 do
    local last = math.min(first + 999, #fields)
    for i, value in ipairs(redis.call('HMGET', key, unpack(fields, first, last))) do
      cache[fields[first + i - 1]] = value or otherwise
    end
  end
end

-- Loads all the data needed to judge the buys of a batch.
local function read_ahead(buys)
  local keys, users, units = {}, {}, {}
  for _, buy in ipairs(buys) do
    if once[buy.once] == nil then
      once[buy.once] = false
      keys[#keys + 1] = buy.once
    end
    for _, line in ipairs(buy.lines) do
      local sale = sale_of(line.sale)
      local field = line.sale .. '/' .. buy.user
      if sale and sale.left > 0 and not live[field] then
        live[field] = 0
        units[#units + 1] = field
        if not mine[buy.user] then
          mine[buy.user] = ''
          users[#users + 1] = buy.user
        end
      end
    end
  end
  read_fields(K.once, keys, once, false)
  read_fields(K.orders_of, users, mine, '')
  read_fields(K.bought, units, live, 0)
  for _, field in ipairs(units) do
    live[field] = tonumber(live[field])
  end
end

local function start(sale)
  sale.status, sale.told = 'open', true
  touch(sale)
  redis.call('ZREM', K.due, sale.sale .. ':start')
end

-- The reason why a line of a buy can't be served; nil if it can.
local function refusal(line, user)
  local sale = sale_of(line.sale)
  if not sale then
    return no('not_found', 'There is no such sale in this room.')
  end
  if sale.auction then
    return sold_by_auction(sale)
  end
  if sale.status == 'closed' or (sale.ends > 0 and now >= sale.ends) then
    return no('ended', 'The sale of `' .. sale.sku .. '` is over.')
  end
  if now < sale.starts then
    return no('not_started', 'The sale of `' .. sale.sku .. '` has not started.', sale.starts - now)
  end
  if sale.left < line.qty then
    note_want(sale.sku, user, 'refused')
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

-- The reason why a buy can't use its claim; nil if it can. Check the lines first.
local function claim_refusal(buy)
  local claim = claim_of(buy.claim)
  if not claim or claim.user ~= buy.user then
    return no('not_found', 'You have claimed no such coupon in this room.')
  end
  if claim.order ~= '' then
    return no('conflict', 'This coupon is used in the order `' .. claim.order .. '` already.')
  end
  local coupon, priced = coupon_of(claim.coupon), {}
  if not can_be_used(coupon, now) then
    return no('ended', 'The coupon `' .. coupon.title .. '` can be used no longer.')
  end
  for i, line in ipairs(buy.lines) do
    local sale = sale_of(line.sale)
    if sale.currency ~= coupon.currency then
      return no('conflict', 'The coupon `' .. coupon.title .. '` is in ' .. coupon.currency
        .. ', this order in ' .. sale.currency .. '.')
    end
    priced[i] = { sku = sale.sku, qty = line.qty, price = sale.price }
  end
  local off, sum = money_off(coupon, priced)
  if sum < coupon.floor then
    return no('conflict', 'The coupon `' .. coupon.title .. '` needs ' .. int(coupon.floor)
      .. ' of what it is for; this order has ' .. int(sum) .. '.')
  elseif off == 0 then
    return no('conflict', 'The coupon `' .. coupon.title .. '` takes nothing off this order.')
  end
end

-- The refusal of a buy that costs more than its buyer was shown; nil for any other. A host may have
-- raised the price of a standing sale meanwhile. Check lines and claim first.
local function dearer(buy)
  if not buy.at_most then
    return nil
  end
  local sum, cart = 0, {}
  for i, line in ipairs(buy.lines) do
    local sale = sale_of(line.sale)
    sum = sum + line.qty * sale.price
    cart[i] = { sku = sale.sku, qty = line.qty, price = sale.price }
  end
  if buy.claim then
    sum = sum - money_off(coupon_of(claim_of(buy.claim).coupon), cart)
  end
  if sum > buy.at_most then
    return no('conflict', 'This costs ' .. int(sum) .. ' now, in the minor unit, and you agreed to '
      .. int(buy.at_most) .. ' at most; look at the new price, and buy again.')
  end
end

local function refusal_of(buy)
  if not sells then
    return no(phase == 'ended' and 'ended' or 'not_live',
      'The room is not live, so nothing can be bought.')
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
  if has_all_orders(buy.user) then
    return no('limit_reached', 'One buyer can have at most ' .. int(A.orders_per_user_max)
      .. ' orders in this room.')
  end
  return buy.claim and claim_refusal(buy) or dearer(buy)
end

-- The first sale of a buy that is still gathering its draw, if there is one.
local function gathering(buy)
  for _, line in ipairs(buy.lines) do
    local sale = sale_of(line.sale)
    if sale.fair_until and now < sale.fair_until then
      return sale
    end
  end
end

local function reused()
  return no('key_reused', 'This key was used for another buy; take a new one for a new buy.')
end

-- One entry a buyer and draw, so that sending more buys is no better chance.
local function enter(buy, sale)
  local field = sale.sale .. '/' .. buy.user
  local entered = redis.call('HGET', K.entries, field)
  if entered then
    entered = cmsgpack.unpack(entered)
    if entered.once ~= buy.once then
      return no('conflict', 'Another buy of yours is in the draw of `' .. sale.sku
        .. '`; buy more after the draw.')
    elseif entered.digest ~= buy.digest then
      return reused()
    end
  elseif redis.call('HLEN', K.entries) >= A.entries_max then
    return no('unavailable', 'Too many are waiting for this draw; try again after it.',
      sale.fair_until - now)
  else
    redis.call('HSET', K.entries, field, cmsgpack.pack(buy))
  end
  return cmsgpack.pack({ wait_ms = sale.fair_until - now })
end

-- The packed answer to a buy that was served before or is refused; false for any other. It writes
-- nothing.
local function known_outcome(buy)
  local before = once[buy.once]
  if before == nil then
    before = redis.call('HGET', K.once, buy.once)
  end
  if before then
    local digest, order = string.match(before, '^(%x+) (.*)$')
    if digest ~= buy.digest then
      return reused()
    end
    assert(sound_order(order), 'its order is gone')
    return AN_ORDER .. order_bytes(order)
  end
  return refusal_of(buy) or false
end

-- The packed outcome of a buy.
local function outcome(buy)
  local known = readable('buy of ' .. buy.user, known_outcome, buy)
  if known == nil then
    return no('internal', 'What is stored for this buy can not be read, so nothing was taken; the '
      .. 'operator was told.')
  elseif known then
    return known
  end
  local sale = gathering(buy)
  if sale then
    return enter(buy, sale)
  end
  for _, line in ipairs(buy.lines) do
    sale = sale_of(line.sale)
    if sale.status == 'scheduled' then   -- its time has come, though nobody has swept yet
      start(sale)
    end
  end
  once[buy.once] = buy.digest .. ' ' .. buy.order
  used[#used + 1], used[#used + 2] = buy.once, once[buy.once]
  hold(buy.order, buy, buy.lines, now)
  return AN_ORDER .. packed[buy.order]
end

local draw_first

-- A buy gathered for a draw. An error for what is none; it has no part in the draw then.
local function sound_entry(raw)
  local buy = cmsgpack.unpack(raw)
  for _, name in ipairs({ 'user', 'name', 'once', 'digest', 'order' }) do
    must_be_text(buy[name], name)
  end
  for _, line in ipairs(buy.lines) do
    assert(line.qty > 0 and sound_sale(line.sale), 'its sale is gone')
  end
  return buy
end

-- Serves the buys gathered for a sale in the order that its seed gives, then publishes the seed, so
-- that each participant can check their own place.
local function draw(sale)
  local id = sale.sale
  sale.drawn = true
  local seed = redis.call('HGET', K.draws, id)
  if not seed or now < sale.fair_until then
    return
  end
  local drawn, fields, all = {}, {}, redis.call('HGETALL', K.entries)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, #id + 1) == id .. '/' then
      local buy = readable('entry ' .. all[i], sound_entry, all[i + 1])
      fields[#fields + 1] = all[i]
      if buy then
        drawn[#drawn + 1] = { rank = redis.sha1hex(seed .. ' ' .. buy.user), buy = buy }
      end
    end
  end
  redis.call('HDEL', K.draws, id)
  redis.call('ZREM', K.due, id .. ':draw')
  for first = 1, #fields, 1000 do
    redis.call('HDEL', K.entries, unpack(fields, first, math.min(first + 999, #fields)))
  end
  table.sort(drawn, function(a, b) return a.rank < b.rank end)
  for i, entry in ipairs(drawn) do
    drawn[i] = entry.buy
  end
  draw_first(drawn)   -- a cart must not overtake the draw of its other sale
  read_ahead(drawn)
  for _, buy in ipairs(drawn) do
    outcome(buy)
  end
  log({ k = 'draw', at = now, sale = id, seed = seed, entries = #drawn })
  tell_room({ t = 'draw', sale = id, seed = seed, entries = #drawn })
end

-- Holds the draws that are overdue, so that later buys do not overtake the gathered ones.
function draw_first(buys)
  for _, buy in ipairs(buys) do
    for _, line in ipairs(buy.lines) do
      local sale = sale_of(line.sale)
      if sale and sale.fair_until and now >= sale.fair_until and not sale.drawn then
        draw(sale)
      end
    end
  end
end

local function settle_buys()
  set_fields(K.once, used)
  settle()
end
