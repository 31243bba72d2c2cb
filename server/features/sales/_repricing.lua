-- Prelude: another price of a standing sale. Comes after orders and prices; expects A.lowest and A.by.

-- From `now` on the sale offers its sku at `price`. The caller settles.
local function reprice(sale, price, now)
  local from = math.max(now, sale.starts)
  end_price(sale, now)
  local was = struck(prior_price(sale.sku, sale.currency, from), price)
  begin_price(sale, price, from, now)
  refreeze(sale, price, was)
  lower_prior(sale, price, from)
  log({ k = 'sale', at = now, what = 'priced', sale = sale.sale, add = 0, sku = sale.sku, price = price,
    currency = sale.currency, starts = from, prior = was, by = A.by })
  record({ k = 'sale', at = now, what = 'priced', sale = sale.sale, sku = sale.sku, price = price,
    currency = sale.currency, was = was })
end
