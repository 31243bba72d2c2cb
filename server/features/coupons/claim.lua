-- Gives coupons to a batch of users, in the order given.
-- keys: room events bus coupons coupon_counts claims claims_of once reserved ledger stats
-- uses: room ledger coupons
-- durable: yes
-- args: claims=[{user coupon claim(id) once(field) belongs?(bool)}] events_max; `belongs`: to the
--   circle the coupon is for, where that stands outside the room
-- returns: per claim {claim} or {err msg retry_ms?}; refuses not_found
-- holds: claimed <= quota; no user has more than per_user; the same `once` field gives the same
-- claim for ever; a refused claim changes nothing.

local at = room_at()
if not at.phase then
  return no_room()
end
local now = now_ms()

local BELONGS = {
  all = function() return true end,
  followers = function(wish) return wish.belongs end,
  group = function(wish) return wish.belongs end,
  reserved = function(wish) return redis.call('HEXISTS', K.reserved, wish.user) == 1 end,
}
local WHO = { followers = 'those who follow the host', group = 'members of the fan group',
  reserved = 'those who reserved a place' }

-- The reason why a user can't have one; nil if they can.
local function refusal(wish, coupon, has)
  if not coupon then
    return refuse('not_found', 'There is no coupon `' .. wish.coupon .. '` in this room.')
  end
  if coupon.status == 'closed' or not can_be_used(coupon, now)
    or at.phase == 'ended' and not at.sells then
    return refuse('ended', 'The coupon `' .. coupon.title .. '` is over.')
  end
  if now < coupon.starts then
    return refuse('not_started', 'The coupon `' .. coupon.title .. '` is not given out yet.',
      coupon.starts - now)
  end
  if not BELONGS[coupon.audience](wish) then
    return refuse('forbidden', 'The coupon `' .. coupon.title .. '` is for '
      .. WHO[coupon.audience] .. '.')
  end
  local _, had = string.gsub(has, ' ' .. coupon.coupon .. '/', '')
  if had >= coupon.per_user then
    return refuse('limit_reached', 'One user can have at most ' .. int(coupon.per_user)
      .. ' of the coupon `' .. coupon.title .. '`.')
  end
  if coupon.claimed >= coupon.quota then
    return refuse('sold_out', 'All ' .. int(coupon.quota) .. ' coupons `' .. coupon.title
      .. '` have been given out.')
  end
end

local A_CLAIM = '\129' .. cmsgpack.pack('claim')

-- The packed outcome of a claim.
local function outcome(wish)
  local before = redis.call('HGET', K.once, wish.once)
  if before then
    local id, of = string.match(before, '^(%S+) (.*)$')
    if of ~= wish.coupon then
      return refuse('key_reused', 'This key was used for another coupon; take a new one.')
    end
    return A_CLAIM .. redis.call('HGET', K.claims, id)
  end
  local coupon, has = coupon_of(wish.coupon), redis.call('HGET', K.claims_of, wish.user) or ''
  local refused = refusal(wish, coupon, has)
  if refused then
    return refused
  end
  local claim = { claim = wish.claim, coupon = wish.coupon, user = wish.user, at = now, order = '' }
  local bytes = cmsgpack.pack(claim)
  redis.call('HSET', K.claims, wish.claim, bytes)
  redis.call('HSET', K.claims_of, wish.user, has .. ' ' .. wish.coupon .. '/' .. wish.claim)
  redis.call('HSET', K.once, wish.once, wish.claim .. ' ' .. wish.coupon)
  recount(coupon, 'claimed', 1)
  log({ k = 'coupon', at = now, what = 'claimed', coupon = wish.coupon, claim = wish.claim,
    user = wish.user })
  tell_user(wish.user, { t = 'claim', claim = claim })
  return A_CLAIM .. bytes
end

local outcomes = { array_head(#A.claims) }
for i, wish in ipairs(A.claims) do
  outcomes[i + 1] = outcome(wish)
end
settle_coupons()
write_ledger()
publish()
return table.concat(outcomes)
