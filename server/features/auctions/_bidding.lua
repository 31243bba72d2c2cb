-- Prelude: the bidders of auctions. Comes after auctions; expects K.bidders K.bid_ranks.
-- A row of `bidders` is {user name source? meta? paddle max n}: the bidder's number and highest maximum, and
-- the number of the bid that brought it. The members of `bid_ranks` stand in the order in which bidders
-- come: the highest maximum first, of equal ones the earlier.

local MAX_ABOVE = 10000000000000   -- above every maximum, see protocol.fields.Money

local function bidder_of(id, user)
  local raw = redis.call('HGET', K.bidders, id .. '/' .. user)
  return raw and cmsgpack.unpack(raw) or nil
end

local function rank_of(id, bidder)
  return id .. '/' .. string.format('%014.0f/%010.0f/', MAX_ABOVE - bidder.max, bidder.n) .. bidder.user
end

-- The users with the `most` highest maxima, the highest first.
local function first_users(id, most)
  local from, to = of_auction(id)
  local users = redis.call('ZRANGEBYLEX', K.bid_ranks, from, to, 'LIMIT', 0, most)
  for i, member in ipairs(users) do
    users[i] = string.sub(member, #id + 28)   -- behind <auction>/<14 digits>/<10 digits>/
  end
  return users
end
