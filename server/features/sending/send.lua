-- Puts units of paid orders into parcels.
-- keys: room events bus sales stock bought orders orders_of holds ledger stats waiting queued unmet
-- uses: room ledger sales coupons orders sending
-- durable: yes
-- args: parcels=[{parcel carrier tracking merchant?(who sends, else the host) instead?(a parcel to correct)
--   user?(whose parcel it is known to be)
--   orders=[{order lines?({sale qty}, else all that this sender has not sent)}]}] parcels_max try?(bool) events_max
-- returns: per parcel {orders} or {err msg}: not_found conflict forbidden limit_reached
-- holds: the orders of a parcel in this room go together or not at all, and are of one buyer; no unit is sent
-- twice, nor one that came back or that the buyer wants to give back; each sender sends their own lines;
-- the same again is the same as once; `try` writes nothing.

local now = now_ms()

local function kept(line)
  return line.qty - (line.returned or 0)
end

local function line_of(order, sale)
  for _, line in ipairs(order.lines) do
    if line.sale == sale then
      return line
    end
  end
end

local function asked_back(order, sale)
  local request = order.request
  for _, line in ipairs(request and request.status == 'asked' and request.lines or {}) do
    if line.sale == sale then
      return true
    end
  end
end

-- The lines that go into the parcel; or nil and why not.
local function named_lines(order, wanted, sender, sent)
  local found = {}
  for _, want in ipairs(wanted) do
    local line = line_of(order, want.sale)
    if not line or found[want.sale] then
      return nil, refuse('not_found', 'The order `' .. order.order .. '` has ' .. (line and 'one line' or 'nothing')
        .. ' of the sale `' .. want.sale .. '`.')
    end
    if sender_of(line) ~= sender then
      return nil, refuse('forbidden', 'Another seller sends `' .. line.sku .. '` of the order `' .. order.order .. '`.')
    end
    local open = kept(line) - (sent[line.sale] or 0)
    if want.qty > open then
      return nil, refuse('conflict', 'Of `' .. line.sku .. '` in the order `' .. order.order .. '` '
        .. int(open) .. ' are left to send, not ' .. int(want.qty) .. '.')
    end
    found[want.sale] = true
    found[#found + 1] = { sale = want.sale, qty = want.qty }
  end
  return found
end

local function lines_left(order, sender, sent)
  local found, own = {}, false
  for _, line in ipairs(order.lines) do
    if sender_of(line) == sender then
      own = true
      local open = kept(line) - (sent[line.sale] or 0)
      if open > 0 then
        found[#found + 1] = { sale = line.sale, qty = open }
      end
    end
  end
  if not own then
    return nil, refuse('forbidden', 'Another seller sends what is in the order `' .. order.order .. '`.')
  elseif #found == 0 then
    return nil, refuse('conflict', 'All that is yours of the order `' .. order.order .. '` was sent already.')
  end
  return found
end

local function plain(units)
  local listed = {}
  for i, line in ipairs(units) do
    listed[i] = { sale = line.sale, qty = line.qty }
  end
  return listed
end

-- What one order gives to the parcel: {order lines} (without lines if it is in there already), or
-- {order old} to correct what was said of it; or nil and why not.
local function part_of(wish, parcel, sender)
  local order = sound_order(wish.order)
  if not order then
    return nil, refuse('not_found', 'There is no order `' .. wish.order .. '` in the room `' .. A.room .. '`.')
  end
  local same = parcel_in(order, parcel.parcel)
  if same then
    if same.merchant == sender
      and (not wish.lines or cmsgpack.pack(plain(wish.lines)) == cmsgpack.pack(same.lines)) then
      return { order = order }
    end
    return nil, refuse('conflict', 'This parcel holds other units of the order `' .. order.order .. '` already.')
  end
  if parcel.instead then
    local old = parcel_in(order, parcel.instead)
    if not old or old.merchant ~= sender then
      return nil, refuse('not_found', 'The order `' .. order.order .. '` is in no parcel `'
        .. parcel.instead .. '` of yours.')
    elseif old.delivered then
      return nil, refuse('conflict', 'That parcel was delivered already; it can\'t be corrected.')
    end
    return { order = order, old = old }
  end
  if order.status ~= 'paid' then
    return nil, refuse('conflict', 'The order `' .. order.order .. '` is ' .. order.status
      .. '; only a paid order can be sent.')
  end
  if order.practice then
    return nil, refuse('conflict', 'The order `' .. order.order .. '` was made in a practice: nothing is sent.')
  end
  if #(order.parcels or {}) >= A.parcels_max then
    return nil, refuse('limit_reached', 'An order can go in ' .. int(A.parcels_max) .. ' parcels.')
  end
  local found, why
  if wish.lines then
    found, why = named_lines(order, wish.lines, sender, units_sent(order))
  else
    found, why = lines_left(order, sender, units_sent(order))
  end
  for _, line in ipairs(found or {}) do
    if asked_back(order, line.sale) then
      return nil, refuse('conflict', 'The buyer wants to give units of the order `' .. order.order
        .. '` back; answer that first.')
    end
  end
  return found and { order = order, lines = plain(found) }, why
end

-- What all orders of a parcel give to it; or nil and why not. It writes nothing.
local function judge(parcel)
  local parts, sender, seen = {}, named_sender(parcel.merchant), {}
  for i, wish in ipairs(parcel.orders) do
    local part, why = part_of(wish, parcel, sender)
    if part and seen[wish.order] then
      part, why = nil, refuse('bad_message', 'The order `' .. wish.order .. '` is named twice.')
    elseif part and part.order.user ~= (parcel.user or (parts[1] or part).order.user) then
      part, why = nil, refuse('conflict', 'The orders are of different buyers; a parcel goes to one.')
    end
    if not part then
      return { no = why }
    end
    parts[i], seen[wish.order] = part, true
  end
  return { parts = parts, sender = sender }
end

local function put(part, parcel, sender)
  local order = part.order
  if part.old then
    part.old.parcel, part.old.carrier, part.old.tracking = parcel.parcel, parcel.carrier, parcel.tracking
  elseif part.lines then
    order.parcels = order.parcels or {}
    order.parcels[#order.parcels + 1] = { parcel = parcel.parcel, carrier = parcel.carrier,
      tracking = parcel.tracking, merchant = sender, lines = part.lines, sent = now }
  else
    return
  end
  set_status(order, order.status, now, { back = 0, sent = parcel.parcel })
end

local outcomes = { array_head(#A.parcels) }
for i, parcel in ipairs(A.parcels) do
  local found = readable('parcel ' .. parcel.parcel, judge, parcel)
  if not found then
    outcomes[i + 1] = refuse('internal', 'What is stored for an order of this parcel can not be read; '
      .. 'the operator was told.')
  elseif found.no then
    outcomes[i + 1] = found.no
  else
    local orders = {}
    for n, part in ipairs(found.parts) do
      if not A.try then
        put(part, parcel, found.sender)
      end
      orders[n] = part.order
    end
    outcomes[i + 1] = orders_outcome(orders)
  end
end
settle()
publish()
return reply(table.concat(outcomes))
