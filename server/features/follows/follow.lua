-- Writes follows made in a room into its timeline, and updates the total of followers.
-- keys: room events bus timeline actions
-- uses: room timeline
-- args: follows=[{user on at(ms)}] total as_of(both from circles.follow_host) events_max
-- returns: {total} as the room shows it now; refuses not_found
-- holds: the total never goes back to an older one, in whatever order workers bring them.

if not room_phase() then
  return no_room()
end
for _, follow in ipairs(A.follows) do
  record({ k = 'follow', user = follow.user, on = follow.on, at = follow.at })
end

local function is_later(a, b)
  local a_ms, a_n = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_n = string.match(b, '^(%d+)-(%d+)$')
  a_ms, b_ms = tonumber(a_ms), tonumber(b_ms)
  return a_ms > b_ms or (a_ms == b_ms and tonumber(a_n) > tonumber(b_n))
end

local at = redis.call('HMGET', K.room, 'followers', 'followers_as_of')
local total = tonumber(at[1]) or 0
if is_later(A.as_of, at[2] or '0-0') then
  redis.call('HSET', K.room, 'followers', int(A.total), 'followers_as_of', A.as_of)
  if A.total ~= total then
    total = A.total
    mention({ t = 'followers', total = total })
  end
end
return done({ total = total })
