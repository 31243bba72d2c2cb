-- Prelude of every script that changes stock or orders; comes after the preludes room and sales.
-- Expects K.room K.events K.bus K.sales K.stock K.bought K.orders K.holds K.ledger K.stats.
-- A call changes tables; settle() writes each of them once. So a script must have made all its
-- refusals before it calls settle(), and nothing is written before the first set_status().

local sales, changed = {}, {}   -- id -> sale, false where none is; the sales this call changed
local live = {}                 -- <sale>/<user> -> live units
local tally = {}                -- field of `stats` -> change
local entries                   -- number of the last ledger entry

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

-- Moves `n` units of a sale between two of its counters (left, held, sold).
local function shift(sale, from, to, n)
  sale[from], sale[to] = sale[from] - n, sale[to] + n
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

local function count(field, n)
  tally[field] = (tally[field] or 0) + n
end

-- An order enters (sign 1) or leaves (-1) its status: the whole of the order statistics.
local function count_order(order, sign)
  local units = 0
  for _, line in ipairs(order.lines) do
    units = units + line.qty
  end
  count('orders:' .. order.status, sign)
  count('units:' .. order.status, sign * units)
  count('amount:' .. order.status .. ':' .. order.currency, sign * order.total)
end

-- Appends to the ledger. Entries are numbered without a gap, so that a lost one would show.
local function log(entry)
  if not entries then
    entries = tonumber(redis.call('HGET', K.stats, 'entries')) or 0
  end
  entries = entries + 1
  redis.call('XADD', K.ledger, int(entries) .. '-0', 'e', cmsgpack.pack(entry))
end

local function order_of(id)
  local raw = redis.call('HGET', K.orders, id)
  return raw and cmsgpack.unpack(raw) or nil
end

-- The one way an order changes: it is stored, counted, logged and told to its buyer.
local function set_status(order, status, now)
  local was = order.status
  if was then
    count_order(order, -1)
  end
  order.status, order.updated = status, now
  count_order(order, 1)
  redis.call('HSET', K.orders, order.order, cmsgpack.pack(order))
  if status == 'held' then
    redis.call('ZADD', K.holds, int(order.hold_until), order.order)
  elseif was == 'held' then
    redis.call('ZREM', K.holds, order.order)
  end
  log({ k = 'order', at = now, was = was, order = order })
  tell_user(order.user, { t = 'order', order = order })
end

-- Ends a hold: the units go back, the allowance too.
local function give_back(order, status, now)
  for _, line in ipairs(order.lines) do
    shift(sale_of(line.sale), 'held', 'left', line.qty)
    add_live(line.sale, order.user, -line.qty)
  end
  set_status(order, status, now)
end

local function wire_sale(sale)
  sale.changed, sale.told = nil, nil
  return sale
end

-- Sold out is told once, and lifted once stock is back; other news were marked by `sale.told`.
local function settle_sale(sale)
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
  if told then
    tell_room({ t = 'sale', sale = wire_sale(sale) })
  end
  mention({ t = 'stock', sale = id, left = sale.left, held = sale.held, sold = sale.sold,
    ver = sale.ver })
end

-- Writes what this call changed and tells the room. Call it once, last before done().
local function settle()
  for _, sale in ipairs(changed) do
    settle_sale(sale)
    wire_sale(sale)
  end
  for field, n in pairs(live) do
    if n > 0 then
      redis.call('HSET', K.bought, field, int(n))
    else
      redis.call('HDEL', K.bought, field)
    end
  end
  for field, n in pairs(tally) do
    redis.call('HINCRBY', K.stats, field, int(n))
  end
  if entries then
    redis.call('HSET', K.stats, 'entries', int(entries))
  end
end
