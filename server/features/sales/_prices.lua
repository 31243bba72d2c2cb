-- Prelude: at which prices each sku was offered in this room. Comes after orders; expects K.prices, and
-- A.lowest where a price begins.
-- A sku has a list of {sale price currency from till}; `till` is 0 while it is offered. A price that can be
-- the lowest of no 30 days to come is dropped: the law asks for the lowest price of 30 days (Directive 98/6/EC,
-- Article 6a).

local PRICES_KEPT_MS = 30 * 24 * 3600 * 1000

local function prices_of(sku)
  local raw = redis.call('HGET', K.prices, sku)
  return raw and cmsgpack.unpack(raw) or {}
end

-- Whether a price that ended can be the lowest of no 30 days to come: another was as low, and longer. One
-- that has begun just now may still turn out never to have been offered.
local function outdone(each, prices, now)
  for _, other in ipairs(prices) do
    if other.from < now and other.currency == each.currency and other.price <= each.price
      and (other.till == 0 or other.till > each.till) then
      return true
    end
  end
  return false
end

local function keep_prices(sku, prices, now)
  local kept = {}
  for _, each in ipairs(prices) do
    if each.till == 0 or (each.till > now - PRICES_KEPT_MS and not outdone(each, prices, now)) then
      kept[#kept + 1] = each
    end
  end
  redis.call('HSET', K.prices, sku, cmsgpack.pack(kept))
end

-- From `from` on a sale offers its sku at a price.
local function begin_price(sale, price, from, now)
  local prices = prices_of(sale.sku)
  prices[#prices + 1] = { sale = sale.sale, price = price, currency = sale.currency, from = from, till = 0 }
  keep_prices(sale.sku, prices, now)
end

-- A sale offers nothing at its price any more. One that never began was never offered.
local function end_price(sale, now)
  local prices, begun = prices_of(sale.sku), {}
  for _, each in ipairs(prices) do
    if each.sale == sale.sale and each.till == 0 then
      each.till = now
    end
    if each.from < now or each.sale ~= sale.sale then
      begun[#begun + 1] = each
    end
  end
  keep_prices(sale.sku, begun, now)
end

-- The lowest price of a sku in the 30 days before `at`, in this room, and elsewhere by A.lowest; nil if it
-- was offered nowhere, or if A.lowest is false: what is not known may not be shown.
local function prior_price(sku, currency, at)
  if A.lowest == false then
    return nil
  end
  local least = A.lowest and A.lowest[currency]
  for _, each in ipairs(prices_of(sku)) do
    local counts = each.currency == currency and each.from <= at
      and (each.till == 0 or each.till > at - PRICES_KEPT_MS)
    if counts and (not least or each.price < least) then
      least = each.price
    end
  end
  return least
end

-- What may be shown struck through beside a price: the prior one, if it was higher.
local function struck(prior, price)
  return prior and prior > price and prior or nil
end

-- Changes what is stored of a sale for good, and in this call's view of it.
local function refreeze(sale, price, was)
  local frozen = cmsgpack.unpack(redis.call('HGET', K.sales, sale.sale))
  frozen.price, frozen.was = price, was
  redis.call('HSET', K.sales, sale.sale, cmsgpack.pack(frozen))
  sale.price, sale.was, sale.told = price, was, true
  touch(sale)
end

-- A sale offers its sku for less, from `from` on: others that start later may not be compared with more.
local function lower_prior(sale, price, from)
  for _, id in ipairs(redis.call('HKEYS', K.sales)) do
    local other = id ~= sale.sale and readable('sale ' .. id, sound_sale, id)
    if other and other.status == 'scheduled' and other.sku == sale.sku and other.starts > from
      and other.currency == sale.currency and other.was and other.was > price then
      refreeze(other, other.price, struck(price, other.price))
    end
  end
end
