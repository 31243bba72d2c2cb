-- Asks whether orders may be charged now, before any money moves.
-- keys: room orders
-- uses: room
-- durable: yes
-- args: pays=[{order user}]
-- returns: per pay {order}, held or already paid, or {err msg}: not_found expired conflict internal
-- holds: changes nothing; what is charged, or said to be paid, is as safe as promised; a hold whose
-- deadline has passed is not charged, whether swept or not. One order that can't be read is answered alone.

local AN_ORDER = '\129' .. cmsgpack.pack('order')
local now = now_ms()

local function judge(pay, raw)
  local order = raw and cmsgpack.unpack(raw)
  if not order or order.user ~= pay.user then
    return refuse('not_found', 'You have no such order in this room.')
  end
  if order.status == 'expired' or (order.status == 'held' and now >= order.hold_until) then
    return refuse('expired', 'The hold has ended; buy again if stock is left.')
  end
  if order.status ~= 'held' and order.status ~= 'paid' then
    return refuse('conflict', 'The order is ' .. order.status .. '; it cannot be paid.')
  end
  return AN_ORDER .. raw
end

local ids = {}
for i, pay in ipairs(A.pays) do
  ids[i] = pay.order
end
local raws = redis.call('HMGET', K.orders, unpack(ids))
local outcomes = { array_head(#A.pays) }
for i, pay in ipairs(A.pays) do
  outcomes[i + 1] = readable('order ' .. pay.order, judge, pay, raws[i])
    or refuse('internal', 'What is stored for the order `' .. pay.order .. '` can not be read, so nothing '
      .. 'was charged; the operator was told.')
end
return reply(table.concat(outcomes))
