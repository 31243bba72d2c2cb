-- Stores a batch of follows and unfollows of a host; an empty batch only reads the total.
-- keys: followers fans log
-- of: host
-- uses: room
-- args: follows=[{user on}] from(id of the room where they said so) fans_max log_max
-- returns: {outcomes=[{changed at(ms)} or {err msg}], total, as_of}; of two totals the one with the
-- greater `as_of`, the id of the newest fact, is newer.
-- holds: a follower stays a fan for ever; each change writes a fact, and nothing else does.

local now = now_ms()

local function add(user)
  if redis.call('HEXISTS', K.fans, user) == 0 then
    if redis.call('HLEN', K.fans) >= A.fans_max then
      return 'This host has ' .. int(A.fans_max) .. ' fans, and room for no more.'
    end
    redis.call('HSET', K.fans, user, int(now))
  end
  redis.call('HSET', K.followers, user, int(now))
end

local outcomes = {}
for i, wish in ipairs(A.follows) do
  local since = redis.call('HGET', K.followers, wish.user)
  if wish.on == (since ~= false) then
    outcomes[i] = { changed = false, at = tonumber(since) or 0 }
  else
    local full
    if wish.on then
      full = add(wish.user)
    else
      redis.call('HDEL', K.followers, wish.user)
    end
    if full then
      outcomes[i] = { err = 'limit_reached', msg = full }
    else
      redis.call('XADD', K.log, 'MAXLEN', '~', int(A.log_max), '*', 'e', cmsgpack.pack(
        { k = 'follow', user = wish.user, on = wish.on, at = now, room = A.from }))
      outcomes[i] = { changed = true, at = now }
    end
  end
end
local newest = redis.call('XREVRANGE', K.log, '+', '-', 'COUNT', 1)[1]
return done({ outcomes = outcomes, total = redis.call('HLEN', K.followers),
  as_of = newest and newest[1] or '0-0' })
