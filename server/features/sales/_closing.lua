-- Prelude: how a sale closes. Comes after timeline and orders; expects K.due.

local function close_sale(sale, now)
  local id = sale.sale
  sale.status, sale.told = 'closed', true
  touch(sale)
  redis.call('ZREM', K.due, id .. ':start', id .. ':end')
  for _, member in ipairs(redis.call('ZRANGEBYLEX', K.waiting, '[' .. id .. '/', '(' .. id .. '0')) do
    redis.call('ZREM', K.waiting, member)
    redis.call('HDEL', K.queued, id .. '/' .. string.sub(member, #id + 19))
  end
  log({ k = 'sale', at = now, what = 'closed', sale = id })
  record({ k = 'sale', at = now, what = 'closed', sale = id })
end

-- Closes what is not closed yet, unless the room goes on selling; the ids of those sales.
local function close_all(now)
  local closed = {}
  if redis.call('HGET', K.room, 'selling') == '1' then
    return closed
  end
  for _, id in ipairs(redis.call('HKEYS', K.sales)) do
    local sale = readable('sale ' .. id, sound_sale, id)
    if sale and sale.status ~= 'closed' then
      close_sale(sale, now)
      closed[#closed + 1] = id
    end
  end
  redis.call('ZREM', K.due, '*:end')
  return closed
end
