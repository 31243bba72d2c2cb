-- Prelude: on which terms a sale opens. Comes after orders, transfers and lowest; expects K.terms, and A.fee
-- (of the platform, basis points).

-- The terms on which a product is sold at `price` or more, and the merchant whose units it takes: {terms?
-- merchant?}. Returns nil and the refusal if it can't be sold so.
local function terms_for(sku, price)
  local too_low = below_lowest(sku, price)
  if too_low then
    return nil, too_low
  end
  local terms = redis.call('HGET', K.terms, sku)
  if not terms then   -- the host owns it
    return { terms = (A.fee or 0) > 0 and { merchant = '', goods = '', fee = A.fee } or nil }
  end
  terms = cmsgpack.unpack(terms)
  if (terms.commission or 0) + (terms.fee or 0) > 10000 then
    return nil, refuse('conflict', 'Commission and fee of `' .. sku
      .. '` are more than the whole; pick it again on other terms.')
  end
  return { terms = terms, merchant = sells_units_of(terms) }
end

-- Stores a new sale with its units; the caller logs it, and settle() tells it.
local function put_sale(sale, units, status)
  redis.call('HSET', K.sales, sale.sale, cmsgpack.pack(sale))
  sale_terms[sale.sale], sale_metas[sale.sale] = sale.terms, sale.meta
  sale.n, sale.terms, sale.meta = nil, nil, nil
  sale.allocated, sale.left, sale.held, sale.sold, sale.ver = units, units, 0, 0, 0
  sale.status = status
  sales[sale.sale] = sale
  touch(sale)
end
