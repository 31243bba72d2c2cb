-- Notes that parcels were delivered.
-- keys: room events bus sales stock bought orders orders_of holds ledger stats waiting queued unmet
-- uses: room ledger sales coupons orders sending
-- durable: yes
-- args: delivers=[{order parcel?(else all of this sender) merchant?(who sent, else the host)}] events_max
-- returns: per item {orders} or {err msg}: not_found conflict
-- holds: only what was sent is delivered, once; who sent it says so; the same again is the same as once.

local now = now_ms()

-- The order with the parcels that are to be delivered, none if they all were; or why not.
local function judge(item)
  local order = sound_order(item.order)
  if not order then
    return { no = refuse('not_found', 'There is no order `' .. item.order .. '` in the room `' .. A.room .. '`.') }
  end
  local sender, found, open = named_sender(item.merchant), false, {}
  for _, parcel in ipairs(order.parcels or {}) do
    if parcel.merchant == sender and (not item.parcel or parcel.parcel == item.parcel) then
      found = true
      if not parcel.delivered then
        open[#open + 1] = parcel
      end
    end
  end
  if not found then
    return { no = refuse('conflict', 'Nothing' .. (item.parcel and ' in the parcel `' .. item.parcel .. '`' or '')
      .. ' of the order `' .. order.order .. '` was sent by you, so it can\'t be delivered; '
      .. 'say first that it was sent.') }
  end
  return { order = order, open = open }
end

local outcomes = { array_head(#A.delivers) }
for i, item in ipairs(A.delivers) do
  local found = readable('order ' .. item.order, judge, item)
  if not found then
    outcomes[i + 1] = refuse('internal', 'What is stored for the order `' .. item.order
      .. '` can not be read; the operator was told.')
  elseif found.no then
    outcomes[i + 1] = found.no
  else
    for _, parcel in ipairs(found.open) do
      parcel.delivered = now
      set_status(found.order, found.order.status, now, { back = 0, delivered = parcel.parcel })
    end
    outcomes[i + 1] = orders_outcome({ found.order })
  end
end
settle()
publish()
return reply(table.concat(outcomes))
