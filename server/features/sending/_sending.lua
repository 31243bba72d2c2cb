-- Prelude: who sends which lines of an order. Comes after orders; expects K.room.

local host_id   -- of this room, read when first needed

local function host_of_room()
  host_id = host_id or redis.call('HGET', K.room, 'host')
  return host_id
end

-- Who sends a line: the merchant who owns the goods, or nil for the host, who may be that merchant.
local function sender_of(line)
  local owner = line.merchant
  if owner and owner ~= '' and owner ~= host_of_room() then
    return owner
  end
end

-- The sender that a call names; nil for the host.
local function named_sender(merchant)
  if merchant and merchant ~= host_of_room() then
    return merchant
  end
end

-- sale -> units of an order that are in parcels.
local function units_sent(order)
  local sent = {}
  for _, parcel in ipairs(order.parcels or {}) do
    for _, line in ipairs(parcel.lines) do
      sent[line.sale] = (sent[line.sale] or 0) + line.qty
    end
  end
  return sent
end

local function parcel_in(order, id)
  for _, parcel in ipairs(order.parcels or {}) do
    if parcel.parcel == id then
      return parcel
    end
  end
end

-- The outcome of one item of a batch: the orders as this call has left them.
local function orders_outcome(orders)
  local parts = {}
  for i, order in ipairs(orders) do
    parts[i] = order_bytes(order.order)
  end
  return '\129' .. cmsgpack.pack('orders') .. array_head(#parts) .. table.concat(parts)
end
