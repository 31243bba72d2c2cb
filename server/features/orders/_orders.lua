-- Prelude of every script that changes stock or orders; comes after the preludes room, ledger, sales
-- and coupons.
-- Expects K.room K.events K.bus K.sales K.stock K.bought K.orders K.orders_of K.holds K.ledger
-- K.stats K.waiting K.queued, and A.offer_hold_s A.orders_per_user_max where units may come back.
-- A call changes tables; settle() writes each of them once. So a script must have made all its
-- refusals before it calls settle(), and nothing is written before the first set_status().

local sales, changed = {}, {}   -- id -> sale, false where none is; the sales this call changed
local live = {}                 -- <sale>/<user> -> live units
local mine, more = {}, {}       -- user -> order ids; users who got one more
local packed = {}               -- order id -> its bytes as this call has left it
local holds = {}                -- deadline, order id of the new holds
local unheld = {}               -- ids of the orders that are held no longer
local wants = {}                -- place in `unmet` -> {sku, user, refused, held}: what this call did

-- A sale as this call has left it so far; nil where there is none.
local function sale_of(id)
  if sales[id] == nil then
    sales[id] = sale_view(id) or false
  end
  return sales[id] or nil
end

local function touch(sale)
  if not sale.changed then
    sale.changed = true
    changed[#changed + 1] = sale
  end
end

-- Moves `n` units that are left from one sale of a product to another. Each of the two has a line that
-- names the other, so that no unit comes from nowhere; a sale that is being opened has its own.
local function move_units(from, to, n, opening)
  from.allocated, from.left, from.told = from.allocated - n, from.left - n, true
  to.allocated, to.left, to.told, to.freed = to.allocated + n, to.left + n, true, not opening
  touch(from)
  touch(to)
  log({ k = 'sale', at = now_ms(), what = 'lowered', sale = from.sale, add = -n, moved = to.sale })
  if not opening then
    log({ k = 'sale', at = now_ms(), what = 'restocked', sale = to.sale, add = n, moved = from.sale })
  end
end

local unmet_kept   -- how many wait in `unmet`, read when first needed

local function kept_wants()
  unmet_kept = unmet_kept or redis.call('HLEN', K.unmet)
  return unmet_kept
end

-- Notes that a user was refused units of a sku, or got some: `unmet` has who wanted more than there was.
local function note_want(sku, user, how)
  local place = #user .. ':' .. user .. '/' .. sku
  local want = wants[place]
  if not want then
    want = { sku = sku, user = user }
    wants[place] = want
  end
  want.held, want.refused = how == 'held', how == 'refused'
end

-- Moves `n` units of a sale between two of its counters (left, held, sold).
local function shift(sale, from, to, n)
  sale[from], sale[to] = sale[from] - n, sale[to] + n
  sale.freed = sale.freed or to == 'left'
  touch(sale)
end

local function live_units(sale_id, user)
  local field = sale_id .. '/' .. user
  if not live[field] then
    live[field] = tonumber(redis.call('HGET', K.bought, field)) or 0
  end
  return live[field]
end

local function add_live(sale_id, user, n)
  live[sale_id .. '/' .. user] = live_units(sale_id, user) + n
end

local sums = {}   -- <status>:<currency> -> {status, currency, orders, units, amount, off}

-- An order enters (sign 1) or leaves (-1) its status: the whole of the order statistics.
local function count_order(order, sign)
  local name = order.status .. ':' .. order.currency
  local sum = sums[name]
  if not sum then
    sum = { order.status, order.currency, 0, 0, 0, 0 }
    sums[name] = sum
  end
  sum[3], sum[5] = sum[3] + sign, sum[5] + sign * order.total
  if order.off then
    sum[6] = sum[6] + sign * order.off
  end
  for _, line in ipairs(order.lines) do
    sum[4] = sum[4] + sign * line.qty
  end
end

local as_read = {}   -- order id -> its bytes before this call, false for none; of those read ahead

-- Reads the orders that `items` name in their field `order`, in few commands.
local function read_orders_ahead(items)
  for first = 1, #items, 1000 do
    local ids = {}
    for i = first, math.min(first + 999, #items) do
      ids[#ids + 1] = items[i].order
    end
    for i, raw in ipairs(redis.call('HMGET', K.orders, unpack(ids))) do
      as_read[ids[i]] = raw
    end
  end
end

-- The packed order as this call has left it; false where there is none.
local function order_bytes(id)
  if packed[id] == nil and as_read[id] == nil then
    return redis.call('HGET', K.orders, id)
  end
  return packed[id] or as_read[id]
end

local function order_of(id)
  local raw = order_bytes(id)
  return raw and cmsgpack.unpack(raw) or nil
end

local function must_be_text(value, name)
  assert(type(value) == 'string', 'it has no `' .. name .. '`')
end

-- A sale whose counters can be reckoned with; nil where there is none. An error for any other.
local function sound_sale(id)
  local sale = sale_of(id)
  if sale then
    local _ = sale.allocated + sale.left + sale.held + sale.sold + sale.ver + sale.per_user
      + sale.hold_s + sale.starts + sale.ends + sale.price + (sale.fair_until or 0)
    must_be_text(sale.status, 'status')
    must_be_text(sale.currency, 'currency')
  end
  return sale
end

-- An order that can change its status; nil where there is none. An error for any other.
local function sound_order(id)
  local order = order_of(id)
  if order then
    assert(order.order == id, 'it has the id of another order')
    for _, name in ipairs({ 'user', 'status', 'currency' }) do
      must_be_text(order[name], name)
    end
    local units = order.total + (order.off or 0)
    for _, line in ipairs(order.lines) do
      units = units + line.qty
    end
  end
  return order
end

-- The same for an order whose units and coupon can be given back. Its error comes before anything is
-- written: half of a giving back would be worse than none.
local function returnable_order(id)
  local order = sound_order(id)
  if not order then
    return nil
  end
  for _, line in ipairs(order.lines) do
    assert(sound_sale(line.sale), 'its sale is gone')
  end
  if order.claim then
    local claim = assert(claim_of(order.claim), 'its claim is gone')
    must_be_text(claim.user, 'user of the claim')
    local coupon = assert(coupon_of(claim.coupon), 'its coupon is gone')
    local _ = coupon.claimed + coupon.used + coupon.ver
  end
  return order
end

local AN_ORDER = '\129' .. cmsgpack.pack('order')   -- before an order's bytes: the outcome {order}
local ORDER_EVENT = '\130' .. cmsgpack.pack('t', 'order', 'order')

-- All changes of orders go through here: the order is stored, counted, logged and sent to its
-- buyer. It is packed once; store, ledger, event and reply get the same bytes. `about` are further fields
-- of the ledger's line.
local function set_status(order, status, now, about)
  local was = order.status
  if was then
    count_order(order, -1)
  end
  -- Of two states the one with the later `updated` counts, so no two have the same.
  order.status, order.updated = status, math.max(now, (order.updated or 0) + 1)
  count_order(order, 1)
  local bytes = cmsgpack.pack(order)
  packed[order.order] = bytes
  if status == 'held' then
    holds[#holds + 1], holds[#holds + 2] = int(order.hold_until), order.order
  elseif was == 'held' then
    unheld[#unheld + 1] = order.order
  end
  local line = cmsgpack.pack('k', 'order', 'at', now)
  local fields = 3
  if was then
    line, fields = line .. cmsgpack.pack('was', was), fields + 1
  end
  if about then
    for name, value in pairs(about) do
      line, fields = line .. cmsgpack.pack(name, value), fields + 1
    end
  end
  lines[#lines + 1] = string.char(0x80 + fields) .. line .. cmsgpack.pack('order') .. bytes
  tell_user_packed(order.user, ORDER_EVENT .. bytes)
end

-- Ends a hold: the units go back, the allowance and the coupon too.
local function give_back(order, status, now)
  for _, line in ipairs(order.lines) do
    shift(sale_of(line.sale), 'held', 'left', line.qty)
    add_live(line.sale, order.user, -line.qty)
  end
  set_status(order, status, now)
  if order.claim then
    put_claim(order.claim, '')
  end
end

-- The ids of a user's orders, oldest first, a space before each.
local function ids_of(user)
  if not mine[user] then
    mine[user] = redis.call('HGET', K.orders_of, user) or ''
  end
  return mine[user]
end

local function has_all_orders(user)
  local _, orders = string.gsub(ids_of(user), ' ', ' ')
  return orders >= A.orders_per_user_max
end

-- Adds what a shop wrote on the buyer's token (`meta`) and about the product of each line (`metas`,
-- false where a line has none) to the further fields of an order's first line of the ledger.
local function with_metas(about, buyer, wanted)
  local metas, any = {}, false
  for i, line in ipairs(wanted) do
    metas[i] = sale_metas[line.sale] or false
    any = any or metas[i]
  end
  if any or buyer.meta then
    about = about or {}
    about.meta, about.metas = buyer.meta, any and metas or nil
  end
  return about
end

local function given(text)
  return text ~= '' and text or nil
end

-- Makes an order of lines {sale qty price?} that were found to be free, with a claim that was found to
-- be good; `hold_s` is that of an offer. `price` is what an auction's unit costs its bidder. The terms of the lines stand in its first line of the ledger, false
-- where a line has none; without any there is no list.
local function hold(id, buyer, wanted, now, hold_s)
  local bought, total, shortest, currency = {}, 0, hold_s or math.huge, nil
  local terms = nil
  for i, line in ipairs(wanted) do
    local sale = sale_of(line.sale)
    shift(sale, 'left', 'held', line.qty)
    add_live(line.sale, buyer.user, line.qty)
    if next(wants) or kept_wants() > 0 then
      note_want(sale.sku, buyer.user, 'held')
    end
    local price = line.price or sale.price
    bought[i] = { sale = line.sale, sku = sale.sku, title = sale.title, qty = line.qty,
      price = price }
    local frozen = sale_terms[line.sale]
    if frozen then
      terms = terms or {}
      terms[i] = frozen
      bought[i].merchant, bought[i].goods = given(frozen.merchant), given(frozen.goods)
    end
    total = total + line.qty * price
    shortest = math.min(shortest, sale.hold_s)
    currency = sale.currency
  end
  local order = { order = id, room = A.room, user = buyer.user, name = buyer.name,
    lines = bought, total = total, currency = currency, created = now,
    hold_until = now + shortest * 1000, offer = hold_s and true or nil, source = buyer.source,
    group = room_at().group, replay = room_at().replay, practice = room_at().practice,
    auction = sale_of(wanted[1].sale).auction }
  if buyer.claim then
    order.claim, order.coupon = buyer.claim, claim_of(buyer.claim).coupon
    order.off = money_off(coupon_of(order.coupon), bought)
    order.total = total - order.off
  end
  if terms then
    for i = 1, #wanted do
      terms[i] = terms[i] or false
    end
  end
  set_status(order, 'held', now, with_metas(terms and { terms = terms }, buyer, wanted))
  if buyer.claim then
    put_claim(buyer.claim, id)
  end
  mine[buyer.user], more[buyer.user] = ids_of(buyer.user) .. ' ' .. id, true
  return order
end

-- What a buyer in the waiting list wants. An error if it can't be known; the place is lost then.
local function sound_wish(field)
  local wish = cmsgpack.unpack(redis.call('HGET', K.queued, field))
  must_be_text(wish.user, 'user')
  must_be_text(wish.name, 'name')
  assert(wish.qty > 0 and live_units(string.match(field, '^[^/]*'), wish.user))
  return wish
end

-- Offers returned units to the waiting list in order, before the room sees them. A user who wants
-- more units than there are keeps the first place and blocks the queue; a user at the limit of
-- units or orders is dropped. For an auction's unit the next bidders wait, each with a price, and
-- after the stream too.
local function offer(sale, now)
  local id = sale.sale
  if (sale.status ~= 'open' and sale.status ~= 'sold_out')
    or not (room_at().sells or sale.auction) then
    return
  end
  while sale.left > 0 and (sale.ends == 0 or now < sale.ends) do
    local head = redis.call('ZRANGEBYLEX', K.waiting, '[' .. id .. '/', '(' .. id .. '0',
      'LIMIT', 0, 1)[1]
    if not head then
      return
    end
    local field = id .. '/' .. string.sub(head, #id + 19)
    local wish = readable('place ' .. field, sound_wish, field)
    if wish and wish.qty > sale.left then
      return
    end
    redis.call('ZREM', K.waiting, head)
    redis.call('HDEL', K.queued, field)
    if wish and live_units(id, wish.user) + wish.qty <= sale.per_user and not has_all_orders(wish.user) then
      local made = redis.sha1hex(A.room .. ' ' .. head .. ' ' .. int(now))
      -- How long the host lets a buyer think in a standing sale, or an auction, fits its price: for offers too.
      hold('o' .. string.sub(made, 1, 20), wish,
        { { sale = id, qty = wish.qty, price = wish.price } }, now,
        (sale.auction or sale.kind == 'standing') and sale.hold_s or A.offer_hold_s)
    end
  end
end

local function wire_sale(sale)
  sale.changed, sale.told, sale.freed = nil, nil, nil
  return sale
end

-- Nothing more is sold in a sale, and nobody waits for it any longer.
local function shut(sale, now)
  local id = sale.sale
  sale.status, sale.told = 'closed', true
  touch(sale)
  for _, member in ipairs(redis.call('ZRANGEBYLEX', K.waiting, '[' .. id .. '/', '(' .. id .. '0')) do
    redis.call('ZREM', K.waiting, member)
    redis.call('HDEL', K.queued, id .. '/' .. string.sub(member, #id + 19))
  end
  log({ k = 'sale', at = now, what = 'closed', sale = id })
end

-- The refusal of whatever is done with sales and may not be done with that of an auction; nil for any
-- other sale.
local function sold_by_auction(sale)
  return sale.auction and refuse('conflict', 'The unit of `' .. sale.sku .. '` in the auction `'
    .. sale.auction .. '` goes to its bidders alone.')
end

-- What is left of a closed sale of a merchant's units goes home: nobody can buy it here any more.
local function send_home(sale)
  local n = sale.left
  sale.allocated, sale.left, sale.told = sale.allocated - n, 0, true
  log({ k = 'sale', at = now_ms(), what = 'lowered', sale = sale.sale, add = -n, home = n })
end

-- The standing sale that a sale took its units from, if they can go back there; nil for none.
local function base_of(sale)
  local base = sale.base and readable('sale ' .. sale.base, sound_sale, sale.base)
  return base and base.status ~= 'closed' and base or nil
end

-- Sold out is told once, and lifted once stock is back; other news were marked by `sale.told`. The
-- sale of an auction is told to nobody: what clients see is the auction.
local function settle_sale(sale)
  if sale.freed then
    offer(sale, now_ms())
  end
  if sale.auction and sale.status ~= 'closed' and (sale.sold > 0 or sale.freed and sale.left > 0) then
    shut(sale, now_ms())   -- it is paid, or nobody is left to offer it to
  end
  if sale.status == 'closed' and sale.left > 0 then
    local base = base_of(sale)
    if base then
      move_units(sale, base, sale.left)
    elseif sale.merchant then
      send_home(sale)
    end
  end
  if sale.status == 'open' and sale.left == 0 then
    sale.status, sale.told = 'sold_out', true
  elseif sale.status == 'sold_out' and sale.left > 0 then
    sale.status, sale.told = 'open', true
  end
  sale.ver = sale.ver + 1
  local id, told = sale.sale, sale.told
  redis.call('HSET', K.stock, id .. ':allocated', int(sale.allocated), id .. ':left',
    int(sale.left), id .. ':held', int(sale.held), id .. ':sold', int(sale.sold),
    id .. ':ver', int(sale.ver), id .. ':status', sale.status)
  if sale.auction then
    return
  end
  if told then
    tell_room({ t = 'sale', sale = wire_sale(sale) })
  end
  mention({ t = 'stock', sale = id, left = sale.left, held = sale.held, sold = sale.sold,
    ver = sale.ver })
end

local function write_live()
  local set, gone = {}, {}
  for field, n in pairs(live) do
    if n > 0 then
      set[#set + 1], set[#set + 2] = field, int(n)
    else
      gone[#gone + 1] = field
    end
  end
  set_fields(K.bought, set)
  for first = 1, #gone, 1000 do
    redis.call('HDEL', K.bought, unpack(gone, first, math.min(first + 999, #gone)))
  end
end

local function write_orders()
  local set = {}
  for id, bytes in pairs(packed) do
    set[#set + 1], set[#set + 2] = id, bytes
  end
  set_fields(K.orders, set)
  for first = 1, #holds, 1000 do
    redis.call('ZADD', K.holds, unpack(holds, first, math.min(first + 999, #holds)))
  end
  for first = 1, #unheld, 1000 do
    redis.call('ZREM', K.holds, unpack(unheld, first, math.min(first + 999, #unheld)))
  end
  set = {}
  for user in pairs(more) do
    set[#set + 1], set[#set + 2] = user, mine[user]
  end
  set_fields(K.orders_of, set)
end

-- At most so many wait in `unmet`; who comes when it is full is not noted.
local UNMET_MAX = 100000

-- What `unmet` has in some places of it; nothing is read while it is empty.
local function stored_wants(places, kept)
  local stored = {}
  for first = 1, kept > 0 and #places or 0, 1000 do
    local last = math.min(first + 999, #places)
    for i, found in ipairs(redis.call('HMGET', K.unmet, unpack(places, first, last))) do
      stored[places[first + i - 1]] = found
    end
  end
  return stored
end

-- Tells the ledger who of some skus `wanted` more than there was, or was `served` since.
local function log_unmet(what, sign, by_sku)
  for sku, users in pairs(by_sku) do
    table.sort(users)
    count('unmet:' .. sku, sign * #users)
    log({ k = 'unmet', at = now_ms(), what = what, sku = sku, users = users })
  end
end

-- Writes who wants more of a sku than there is: each is counted once, until an order of theirs is held.
local function write_unmet()
  local kept, places = kept_wants(), {}
  for place in pairs(wants) do
    places[#places + 1] = place
  end
  local stored, served, wanted, new, gone = stored_wants(places, kept), {}, {}, {}, {}
  local function note(by_sku, want)
    by_sku[want.sku] = by_sku[want.sku] or {}
    table.insert(by_sku[want.sku], want.user)
  end
  for _, place in ipairs(places) do
    local want = wants[place]
    if stored[place] and want.held and not want.refused then
      note(served, want)
      gone[#gone + 1], kept = place, kept - 1
    elseif want.refused and not stored[place] and kept < UNMET_MAX then
      note(wanted, want)
      new[#new + 1], new[#new + 2], kept = place, '1', kept + 1
    end
  end
  log_unmet('served', -1, served)
  log_unmet('wanted', 1, wanted)
  set_fields(K.unmet, new)
  for first = 1, #gone, 1000 do
    redis.call('HDEL', K.unmet, unpack(gone, first, math.min(first + 999, #gone)))
  end
end

-- Writes what this call changed and tells the room. Call it once, last before done().
local function settle()
  for _, sale in ipairs(changed) do
    settle_sale(sale)
    wire_sale(sale)
  end
  if next(wants) then
    write_unmet()
  end
  if #lines == 0 then
    return
  end
  settle_coupons()
  write_live()
  write_orders()
  for _, sum in pairs(sums) do
    count('orders:' .. sum[1], sum[3])
    count('units:' .. sum[1], sum[4])
    count('amount:' .. sum[1] .. ':' .. sum[2], sum[5])
    if sum[6] ~= 0 then
      count('off:' .. sum[1] .. ':' .. sum[2], sum[6])
    end
  end
  write_ledger()
end
