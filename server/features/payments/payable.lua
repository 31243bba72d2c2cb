-- Asks whether an order may be charged now, before any money moves.
-- keys: room orders
-- uses: room
-- durable: yes
-- args: order user
-- returns: the order, held or already paid; refuses not_found expired conflict
-- holds: changes nothing; what is charged, or said to be paid, is as safe as promised; a hold whose
-- deadline has passed is not charged, whether swept or not.

local raw = redis.call('HGET', K.orders, A.order)
local order = raw and cmsgpack.unpack(raw)
if not order or order.user ~= A.user then
  return refuse('not_found', 'You have no such order in this room.')
end
if order.status == 'expired' or (order.status == 'held' and now_ms() >= order.hold_until) then
  return refuse('expired', 'The hold has ended; buy again if stock is left.')
end
if order.status ~= 'held' and order.status ~= 'paid' then
  return refuse('conflict', 'The order is ' .. order.status .. '; it cannot be paid.')
end
return raw
