-- Reads what several users have done in a room before: their part of the reply to `join`.
-- keys: reserved coupons coupon_counts claims claims_of polls votes luckies entrants
-- uses: room coupons
-- args: users
-- returns: per user {reserved claims vote? lucky}: see community.Mine, whose other fields are the
-- host's. `vote` is in the newest poll, `lucky` about the newest draw.
-- holds: changes nothing.

local users, n = A.users, #A.users
local mine = {}
for i = 1, n do
  mine[i] = { reserved = false, claims = {}, lucky = false }
end

-- The fields `<of>/<user>` of a hash, one a user; false where there is none.
local function of_each(key, of)
  local fields = {}
  for i, user in ipairs(users) do
    fields[i] = of and (of .. '/' .. user) or user
  end
  return redis.call('HMGET', key, unpack(fields))
end

for i, at in ipairs(of_each(K.reserved)) do
  mine[i].reserved = at ~= false
end
for _, coupon in ipairs(coupon_views()) do
  for i, ids in ipairs(of_each(K.claims_of, coupon.coupon)) do
    for id in string.gmatch(ids or '', '%S+') do
      table.insert(mine[i].claims, cmsgpack.unpack(redis.call('HGET', K.claims, id)))
    end
  end
end
local poll = redis.call('HGET', K.polls, 'newest')
if poll then
  for i, option in ipairs(of_each(K.votes, poll)) do
    mine[i].vote = tonumber(option)
  end
end
local lucky = redis.call('HGET', K.luckies, 'newest')
if lucky then
  for i, entered in ipairs(of_each(K.entrants, lucky)) do
    mine[i].lucky = entered ~= false
  end
end
return cmsgpack.pack(mine)
