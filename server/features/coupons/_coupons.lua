-- Prelude of every script that shows coupons or changes orders. Comes after room, before orders.
-- Expects K.coupons K.coupon_counts, and K.claims where an order may use or give back a claim.
-- `coupons` holds the fixed terms of a coupon, `coupon_counts` the rest as <coupon>:<counter>.

local coupons, recounted = {}, {}   -- id -> coupon, false where none is; those this call changed
local claims = {}                   -- id -> claim as this call has left it, false where none is

-- One coupon as the wire knows it (messages.Coupon); nil where there is none. `n` is its place in
-- the order of opening.
local function coupon_view(id)
  local raw = redis.call('HGET', K.coupons, id)
  if not raw then
    return nil
  end
  local coupon = cmsgpack.unpack(raw)
  local n = coupon.n
  coupon.n = nil
  local at = redis.call('HMGET', K.coupon_counts, id .. ':claimed', id .. ':used', id .. ':ver',
    id .. ':status')
  coupon.claimed, coupon.used, coupon.ver = tonumber(at[1]), tonumber(at[2]), tonumber(at[3])
  coupon.status = at[4]
  return coupon, n
end

-- All coupons in the order they were opened.
local function coupon_views()
  local ordered = {}
  for _, id in ipairs(redis.call('HKEYS', K.coupons)) do
    local coupon, n = coupon_view(id)
    ordered[#ordered + 1] = { n = n, coupon = coupon }
  end
  table.sort(ordered, function(a, b) return a.n < b.n end)
  local views = {}
  for i, entry in ipairs(ordered) do
    views[i] = entry.coupon
  end
  return views
end

local function coupon_of(id)
  if coupons[id] == nil then
    coupons[id] = coupon_view(id) or false
  end
  return coupons[id] or nil
end

local function claim_of(id)
  if claims[id] == nil then
    local raw = redis.call('HGET', K.claims, id)
    claims[id] = raw and cmsgpack.unpack(raw) or false
  end
  return claims[id] or nil
end

-- Adds to a coupon's `claimed` or `used`; settle_coupons() writes and tells it.
local function recount(coupon, counter, n)
  coupon[counter] = coupon[counter] + n
  if not coupon.changed then
    coupon.changed = true
    recounted[#recounted + 1] = coupon
  end
end

-- A claim goes into an order, or with '' back to its owner.
local function put_claim(id, order)
  local claim = claim_of(id)
  recount(coupon_of(claim.coupon), 'used', order == '' and -1 or 1)
  claim.order = order
  redis.call('HSET', K.claims, id, cmsgpack.pack(claim))
  tell_user(claim.user, { t = 'claim', claim = claim })
end

local function can_be_used(coupon, now)
  return coupon.ends == 0 or now < coupon.ends
end

-- The discount of a coupon on a cart of lines {sku qty price} (0 if unusable), and the sum of the lines it
-- applies to. A percent is rounded down to a whole minor unit; dividing first keeps all digits.
local function money_off(coupon, cart)
  local wanted, sum = {}, 0
  for _, sku in ipairs(coupon.skus) do
    wanted[sku] = true
  end
  for _, line in ipairs(cart) do
    if #coupon.skus == 0 or wanted[line.sku] then
      sum = sum + line.qty * line.price
    end
  end
  if sum < coupon.floor then
    return 0, sum
  elseif coupon.percent == 0 then
    return math.min(coupon.amount, sum), sum
  end
  local rest = sum % 100
  return (sum - rest) / 100 * coupon.percent + math.floor(rest * coupon.percent / 100), sum
end

-- Writes the counters this call changed and tells them.
local function settle_coupons()
  for _, coupon in ipairs(recounted) do
    local id = coupon.coupon
    coupon.changed, coupon.ver = nil, coupon.ver + 1
    redis.call('HSET', K.coupon_counts, id .. ':claimed', int(coupon.claimed),
      id .. ':used', int(coupon.used), id .. ':ver', int(coupon.ver))
    mention({ t = 'claims', coupon = id, claimed = coupon.claimed, used = coupon.used,
      ver = coupon.ver })
  end
end
