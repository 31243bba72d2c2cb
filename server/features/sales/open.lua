-- Opens a sale of a product on the shelf, now or later.
-- keys: room events bus sales stock shelf metas terms picked due standing prices draws bought orders orders_of holds ledger stats waiting queued unmet timeline actions transfers
-- uses: room timeline ledger sales coupons orders prices shown transfers lowest opening
-- durable: yes
-- keyed: yes
-- args: sale(id) sku price stock per_user hold_s starts_in_s lasts_s(0 = until closed) sales_max
--   kind(flash|standing) starts_at?(ms, instead of starts_in_s) base?(a standing sale: units come from it)
--   lowest?(by currency, of the host's rooms in 30 days; false: not known)
--   shown_max? shown_bytes_max?
--   fair_ms(0 = first come) seed(secret) fee?(of the platform, basis points) by?
--   transfer?({transfer merchant sku units}) events_max
-- returns: the sale; or {needs = {host merchant sku units}}: it can open with a transfer of these;
-- refuses not_found ended limit_reached conflict
-- holds: the same sale id, or the same transfer, again returns the same sale; title, price, currency
-- and terms are frozen here; a merchant's product opens with units that were sent for it, and with no
-- others; a product has one standing sale that is not closed. With `base` no unit is new: they are moved.

local phase = room_at().phase
if not phase then
  return no_room()
end
local known = sale_of(A.sale)
if known then
  return done(known)
end
if phase == 'ended' and not room_at().sells then
  return refuse('ended', 'The stream of this room has ended; nothing more can be sold in it.')
end
local product = redis.call('HGET', K.shelf, A.sku)
if not product then
  return refuse('not_found', 'The product `' .. A.sku .. '` is not on the shelf; put it there first.')
end
local n = redis.call('HLEN', K.sales)
if n >= A.sales_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.sales_max) .. ' sales, and this one has.')
end

local now = now_ms()
if A.starts_at and A.starts_at <= now then
  return refuse('conflict', 'The time at which this sale shall start has passed; choose a later one, or '
    .. 'start it now.')
end
if A.starts_at and A.starts_at > now + 365 * 86400000 then
  return refuse('limit_reached', 'A sale can start within a year; choose an earlier time.')
end
product = cmsgpack.unpack(product)
local standing = redis.call('HGET', K.standing, A.sku)
if A.kind == 'standing' and standing then
  return refuse('conflict', 'The product `' .. A.sku .. '` has a standing sale already, `' .. standing
    .. '`; change its price or stock.')
end
local base
if A.base then
  base = sale_of(A.base)
  if not base or base.kind ~= 'standing' or base.sku ~= A.sku or base.status == 'closed'
    or base.currency ~= product.currency then
    return refuse('conflict', 'The sale `' .. A.base .. '` is not the standing sale of `' .. A.sku
      .. '`; name that one as `base`, or none.')
  end
  if base.left < A.stock then
    return refuse('conflict', 'The standing sale of `' .. A.sku .. '` has ' .. int(base.left)
      .. ' left, so no more can be moved to this one; add units there first.')
  end
end

local frozen, instead = terms_for(A.sku, A.price)
if not frozen then
  return instead
end
local terms, merchant, transfer = frozen.terms, frozen.merchant, nil
if base and base.merchant ~= merchant then
  return refuse('conflict', 'The product `' .. A.sku .. '` belongs to somebody else now than when its '
    .. 'standing sale opened; close that one first.')
end
if merchant and not base then
  transfer, instead = take_transfer(merchant, A.sku, A.stock, A.sale)
  if not transfer then
    return instead
  end
end

tell_if_hidden(product)
local starts = A.starts_at or now + A.starts_in_s * 1000
local was = struck(prior_price(A.sku, product.currency, starts), A.price)
local ends = A.lasts_s > 0 and starts + A.lasts_s * 1000 or 0
local sale = { sale = A.sale, sku = A.sku, title = product.title, price = A.price,
  currency = product.currency, per_user = A.per_user, hold_s = A.hold_s, starts = starts,
  ends = ends, n = n + 1, terms = terms, merchant = merchant,
  kind = A.kind == 'standing' and A.kind or nil, base = A.base, was = was,
  meta = redis.call('HGET', K.metas, A.sku) or nil }
if A.fair_ms > 0 then
  sale.fair_until, sale.draw_hash = starts + A.fair_ms, redis.sha1hex(A.seed)
  redis.call('HSET', K.draws, A.sale, A.seed)
  redis.call('ZADD', K.due, int(sale.fair_until), A.sale .. ':draw')
end
put_sale(sale, A.stock, starts > now and 'scheduled' or 'open')
begin_price(sale, A.price, starts, now)
if sale.kind == 'standing' then
  redis.call('HSET', K.standing, A.sku, A.sale)
end
if base then
  sale.allocated, sale.left = 0, 0
  move_units(base, sale, A.stock, true)
end
if starts > now then
  redis.call('ZADD', K.due, int(starts), A.sale .. ':start')
end
if ends > 0 then
  redis.call('ZADD', K.due, int(ends), A.sale .. ':end')
end
log({ k = 'sale', at = now, what = 'opened', sale = A.sale, add = A.stock, sku = A.sku,
  title = sale.title, price = A.price, currency = sale.currency, starts = starts, ends = ends,
  by = A.by, merchant = merchant, transfer = transfer, moved = A.base, kind = sale.kind, prior = was })
record({ k = 'sale', at = now, what = 'opened', sale = A.sale, add = A.stock, sku = A.sku,
  title = sale.title, price = A.price, currency = sale.currency, starts = starts, ends = ends,
  standing = sale.kind and true or nil, was = was })
lower_prior(sale, A.price, starts)
sale.told = true
settle()
return done(sale)
