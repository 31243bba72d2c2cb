-- Reads the own claims of several users.
-- keys: coupons coupon_counts claims claims_of
-- uses: room coupons
-- args: users
-- returns: per user a list of claims: by coupon in the order of opening, then oldest first
-- holds: changes nothing.

local opened = coupon_views()
local lists = { array_head(#A.users) }
for i, user in ipairs(A.users) do
  local list = { '' }
  for _, coupon in ipairs(opened) do
    local ids = redis.call('HGET', K.claims_of, coupon.coupon .. '/' .. user) or ''
    for id in string.gmatch(ids, '%S+') do
      list[#list + 1] = redis.call('HGET', K.claims, id)
    end
  end
  list[1] = array_head(#list - 1)
  lists[i + 1] = table.concat(list)
end
return table.concat(lists)
