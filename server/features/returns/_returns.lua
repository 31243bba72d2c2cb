-- Prelude: units that come back, and requests for that. Comes after payments; expects K.returning, the
-- orders with an open request by its deadline.

-- floor(amount * part / whole) for whole numbers, part <= whole, by long division: the product has
-- more digits than a number of Lua.
local function share_of(amount, part, whole)
  local result, rest = 0, 0
  for bit = 52, 0, -1 do
    result, rest = result * 2, rest * 2
    if math.floor(amount / 2 ^ bit) % 2 == 1 then
      rest = rest + part
    end
    while rest >= whole do
      result, rest = result + 1, rest - whole
    end
  end
  return result
end

-- The money of the units that are back: the buyer paid the price of the lines less their share of the
-- discount. The shares of parts that follow each other add up, for each is what they are in all.
local function value_back(order)
  local full, value = 0, 0
  for _, line in ipairs(order.lines) do
    full = full + line.qty * line.price
    value = value + (line.returned or 0) * line.price
  end
  if value == full then
    return order.total
  end
  return value - share_of(full - order.total, value, full)
end

local function line_of(order, sale)
  for _, line in ipairs(order.lines) do
    if line.sale == sale then
      return line
    end
  end
end

-- The units that a buyer still has.
local function units_kept(line)
  return line.qty - (line.returned or 0)
end

-- Ends the open request of an order; the caller stores the order.
local function close_request(order, status, now, answer)
  order.request.status, order.request.at, order.request.answer = status, now, answer
  redis.call('ZREM', K.returning, order.order)
end

-- Takes units back: `units` says how many of each sale. They go on sale again if `restock`. The money
-- that is due for them was not due, and had not gone back, before. An open request is accepted by this.
-- The caller settles.
local function take_units(order, units, restock, now, answer)
  local taken, whole = {}, true
  for _, line in ipairs(order.lines) do
    local n = units[line.sale] or 0
    if n > 0 then
      local sale = sale_of(line.sale)
      if restock then
        shift(sale, 'sold', 'left', n)
      else
        sale.sold, sale.allocated = sale.sold - n, sale.allocated - n
        sale.told = true   -- the counts alone don't say how many are allocated
        touch(sale)
      end
      add_live(line.sale, order.user, -n)
      line.returned = (line.returned or 0) + n
      taken[#taken + 1] = { sale = line.sale, sku = line.sku, qty = n }
    end
    whole = whole and units_kept(line) == 0
  end
  local payment, before = payment_of(order.payment), order.back or 0
  local owed = math.max(before, value_back(order)) - before
  order.back = positive(before + owed)
  if owed > 0 or whole and payment.amount == 0 then
    set_payment(payment, due_of(payment) + owed, back_of(payment), now, true)
  end
  local reason = nil
  if order.request and order.request.status == 'asked' then
    reason = order.request.reason
    close_request(order, 'accepted', now, answer)
  end
  set_status(order, whole and 'returned' or 'paid', now,
    { restock = restock, taken = taken, back = owed })
  record({ k = 'return', at = now, order = order.order, user = order.user, restock = restock,
    lines = taken, amount = owed, whole = whole, reason = reason })
end

-- The units of an order's request, as far as the buyer still has them.
local function requested(order)
  local units = {}
  for _, line in ipairs(order.request.lines) do
    local bought = line_of(order, line.sale)
    units[line.sale] = bought and math.min(line.qty, units_kept(bought)) or 0
  end
  return units
end
