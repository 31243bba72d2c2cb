-- Notes who came to a room on one worker and who left it: a fact of its timeline, and who is here.
-- keys: room timeline actions here here_conns here_workers
-- uses: room timeline
-- args: worker(of this one life) came=[{user conn ago(ms) source? guest?}] left=[{conn ago(ms)}]
--   people=[{conn user name role}](of `came`, without guests) here_max kept_ms
-- returns: {}; refuses not_found
-- holds: times are by the clock of Redis; a fact without arrivals says that the worker lives. Whoever
-- is in `here` is in `here_conns`; both end kept_ms after the last worker said that it lives.

if not room_phase() then
  return no_room()
end
local now = now_ms()
for _, visits in ipairs({ A.came, A.left }) do
  for _, visit in ipairs(visits) do
    visit.at, visit.ago = now - visit.ago, nil
  end
end

-- Who is here, by user, so that it can be read a page at a time.
local came_at = {}
for _, visit in ipairs(A.came) do
  came_at[visit.conn] = visit.at
end
local members, conns = {}, {}
for _, one in ipairs(redis.call('ZCARD', K.here) < A.here_max and A.people or {}) do
  local conn = A.worker .. ':' .. int(one.conn)
  members[#members + 1], members[#members + 2] = 0, one.user .. '\1' .. conn   -- below all an id has
  conns[#conns + 1], conns[#conns + 2] = conn, cmsgpack.pack({ user = one.user, name = one.name,
    role = one.role, at = came_at[one.conn] })
end
if #conns > 0 then
  redis.call('ZADD', K.here, unpack(members))
  redis.call('HSET', K.here_conns, unpack(conns))
end
local gone = {}
for i, visit in ipairs(A.left) do
  gone[i] = A.worker .. ':' .. int(visit.conn)
end
if #gone > 0 then
  members = {}
  for i, raw in ipairs(redis.call('HMGET', K.here_conns, unpack(gone))) do
    if raw then
      members[#members + 1] = cmsgpack.unpack(raw).user .. '\1' .. gone[i]
    end
  end
  if #members > 0 then   -- guests are not listed
    redis.call('ZREM', K.here, unpack(members))
    redis.call('HDEL', K.here_conns, unpack(gone))
  end
end
redis.call('HSET', K.here_workers, A.worker, int(now))
for _, key in ipairs({ K.here, K.here_conns, K.here_workers }) do
  redis.call('PEXPIRE', key, int(A.kept_ms))
end
record({ k = 'visits', at = now, worker = A.worker, came = A.came, left = A.left })
return done({})
