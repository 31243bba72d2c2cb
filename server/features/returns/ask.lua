-- Asks to give units of a paid order back.
-- keys: room events bus sales stock payments refunds cases bought orders orders_of holds ledger stats waiting queued unmet timeline actions returning once
-- uses: room once timeline ledger sales coupons orders payments returns
-- durable: yes
-- keyed: yes
-- args: order user lines?({sale qty}, else all that is left) reason note once? digest? window_s arrives_s answer_s
--   events_max
-- returns: the order, with its request; refuses not_found conflict expired key_reused
-- holds: an order has one open request; no more is asked for than the buyer has; asking changes no
-- unit and no money; the same request again is the same as once, with the same key for ever.

-- When the time to give an order back begins: when its last parcel arrived, but not before it was paid.
local function window_begin(order)
  local begin = order.paid or order.updated
  for _, parcel in ipairs(order.parcels or {}) do
    begin = math.max(begin, parcel.delivered or (parcel.sent + A.arrives_s * 1000))
  end
  return begin
end

local order = order_of(A.order)
if not order or order.user ~= A.user then
  return refuse('not_found', 'You have no such order in this room.')
end
local before = done_before(A.order)
if before ~= nil then
  return before and done(order) or other_command()
end
if order.status ~= 'paid' then
  return refuse('conflict', 'The order is ' .. order.status .. '; only a paid order can be given back.')
end
local wanted, seen = {}, {}
for _, line in ipairs(A.lines or {}) do
  local bought = line_of(order, line.sale)
  if not bought or seen[line.sale] then
    return refuse('not_found', 'The order has ' .. (bought and 'one line' or 'nothing')
      .. ' of the sale `' .. line.sale .. '`.')
  end
  if line.qty > units_kept(bought) then
    return refuse('conflict', 'You have ' .. int(units_kept(bought)) .. ' of `' .. bought.sku
      .. '` from this order, so you can\'t give ' .. int(line.qty) .. ' back.')
  end
  seen[line.sale] = true
  wanted[#wanted + 1] = { sale = line.sale, qty = line.qty }
end
if not A.lines then
  for _, line in ipairs(order.lines) do
    if units_kept(line) > 0 then
      wanted[#wanted + 1] = { sale = line.sale, qty = units_kept(line) }
    end
  end
end
local open = order.request
if open and open.status == 'asked' then
  if cmsgpack.pack(open.lines) == cmsgpack.pack(wanted) and open.reason == A.reason
    and (open.note or '') == A.note then
    remember(A.order)
    return done(order)
  end
  return refuse('conflict', 'You have asked already; take that request back first.')
end
local now = now_ms()
if now > window_begin(order) + A.window_s * 1000 then
  return refuse('expired', 'The time to give this order back is over: it was '
    .. int(math.floor(A.window_s / 86400)) .. ' days from '
    .. (order.parcels and 'the day its last parcel arrived.' or 'the payment.'))
end
order.request = { status = 'asked', lines = wanted, reason = A.reason,
  note = A.note ~= '' and A.note or nil, asked = now, at = now,
  due = now + A.answer_s * 1000 }
redis.call('ZADD', K.returning, int(order.request.due), order.order)
remember(A.order)
set_status(order, 'paid', now, { back = 0, request = 'asked' })
settle()
record({ k = 'return_asked', at = now, order = order.order, user = order.user, reason = A.reason,
  lines = wanted })
return done(order)
