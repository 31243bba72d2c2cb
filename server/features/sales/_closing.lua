-- Prelude: how a sale closes. Comes after timeline, orders and prices; expects K.due and K.standing.

local function close_sale(sale, now)
  local id = sale.sale
  end_price(sale, now)
  if sale.kind == 'standing' then
    redis.call('HDEL', K.standing, sale.sku)
  end
  redis.call('ZREM', K.due, id .. ':start', id .. ':end')
  shut(sale, now)
  record({ k = 'sale', at = now, what = 'closed', sale = id })
end

-- Closes what is not closed yet, unless the room goes on selling; the ids of those sales. That of an
-- auction closes when its unit is paid, or nobody is left to offer it to.
local function close_all(now)
  local closed = {}
  if redis.call('HGET', K.room, 'selling') == '1' then
    return closed
  end
  for _, id in ipairs(redis.call('HKEYS', K.sales)) do
    local sale = readable('sale ' .. id, sound_sale, id)
    if sale and sale.status ~= 'closed' and not sale.auction then
      close_sale(sale, now)
      closed[#closed + 1] = id
    end
  end
  redis.call('ZREM', K.due, '*:end')
  return closed
end
