-- Prelude: how a sale closes. Comes after orders; expects K.due.

local function close_sale(sale, now)
  sale.status, sale.told = 'closed', true
  touch(sale)
  redis.call('ZREM', K.due, sale.sale .. ':start', sale.sale .. ':end')
  log({ k = 'sale', at = now, what = 'closed', sale = sale.sale })
end
