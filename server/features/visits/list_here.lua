-- Lists the people who are in a room, by user, a page at a time.
-- keys: room here here_conns here_workers moderators
-- uses: room staff
-- args: after(user, '' to begin) limit stale_ms looked_max
-- returns: {people=[{user name role at(ms) connections}], more(bool), after(user) of the page that follows};
-- refuses not_found
-- holds: each user stands once, with the first of their connections; those of a worker that has not
-- said for stale_ms that it lives are left out, and taken away. It looks at about looked_max connections, so
-- that a page after a worker died holds nobody up: it may be short, and even empty, with more to come.

if not room_phase() then
  return no_room()
end
local now, lives = now_ms(), {}
local flat = redis.call('HGETALL', K.here_workers)
for i = 1, #flat, 2 do
  lives[flat[i]] = now - tonumber(flat[i + 1]) <= A.stale_ms
end

local people, last, more = {}, nil, false
local looked, looked_at = 0, A.after   -- connections, and the user of the last one

-- Adds the connection of a member of `here`; returns whether the page is full before it.
local function add(member)
  local user, worker, n = string.match(member, '^(.*)\1(.*):(%d+)$')
  if user ~= looked_at and looked >= A.looked_max then
    return true
  end
  local conn = worker .. ':' .. n
  local is_next = not (last and last.user == user)
  if is_next and #people == A.limit then
    return true
  end
  looked, looked_at = looked + 1, user
  local raw = lives[worker] and redis.call('HGET', K.here_conns, conn)
  if not raw then
    redis.call('ZREM', K.here, member)
    redis.call('HDEL', K.here_conns, conn)
    return false
  end
  local one = cmsgpack.unpack(raw)
  if not is_next then
    last.connections, last.at = last.connections + 1, math.min(last.at, one.at)
    return false
  end
  local role = one.role
  if role == 'viewer' and moderates(user, role) then
    role = 'moderator'
  end
  last = { user = user, name = one.name, role = role, at = one.at, connections = 1 }
  people[#people + 1] = last
  return false
end

-- Behind all members of the user `after`, which go on with \1.
local from = A.after == '' and '-' or '[' .. A.after .. '\2'
repeat
  local found = redis.call('ZRANGEBYLEX', K.here, from, '+', 'LIMIT', 0, 500)
  for _, member in ipairs(found) do
    from, more = '(' .. member, add(member)
    if more then
      break
    end
  end
until more or #found < 500
return done({ people = people, more = more, after = looked_at })
