-- Adds a batch of comments, each accepted or refused on its own.
-- keys: room events bus recent muted spoke
-- uses: room
-- args: comments = {{id, user, name, role, text, exempt?}, ...} recent_max(>= 0); `exempt` frees
-- from slow mode whatever the role.
-- returns: in the same order {ok, ts(ms)} or {err, msg, retry_ms?}: not_live muted rate_limited;
-- refuses not_found as a whole
-- holds: `recent` is no longer than recent_max; the bus message's comments_after is the room's
-- count after the batch, so that a worker can tell how many comments it never got.

local phase = room_phase()
if not phase then
  return no_room()
end
local now = now_ms()
local slow_ms = tonumber(redis.call('HGET', K.room, 'slow_s')) * 1000

local function refusal(comment)
  if phase ~= 'live' then
    return { err = 'not_live', msg = 'Comments are open only while the room is live.' }
  end
  local muted_until = tonumber(redis.call('HGET', K.muted, comment.user) or 0)
  if muted_until > now then
    return { err = 'muted', retry_ms = muted_until - now,
      msg = 'A moderator muted you here; wait until it lapses.' }
  elseif muted_until > 0 then
    redis.call('HDEL', K.muted, comment.user)
  end
  if slow_ms > 0 and comment.role == 'viewer' and not comment.exempt then
    local next_ms = tonumber(redis.call('HGET', K.spoke, comment.user) or 0) + slow_ms
    if next_ms > now then
      return { err = 'rate_limited', retry_ms = next_ms - now,
        msg = 'The room is in slow mode: one comment every ' .. int(slow_ms / 1000) .. ' s.' }
    end
    redis.call('HSET', K.spoke, comment.user, int(now))
  end
  return nil
end

local outcomes, packed = {}, {}
for i, comment in ipairs(A.comments) do
  outcomes[i] = refusal(comment)
  if not outcomes[i] then
    outcomes[i] = { ok = true, ts = now }
    local view = { id = comment.id, user = comment.user, name = comment.name,
      role = comment.role, text = comment.text, ts = now }
    packed[#packed + 1] = cmsgpack.pack(view)
    view.t = 'comment'
    mention(view)
  end
end
if #packed == 0 then
  return done(outcomes)
end

if slow_ms > 0 then
  redis.call('PEXPIRE', K.spoke, int(slow_ms))   -- whoever spoke before that is free again
end
for i = math.max(1, #packed - A.recent_max + 1), #packed do
  redis.call('LPUSH', K.recent, packed[i])
end
redis.call('LTRIM', K.recent, 0, A.recent_max - 1)
local total = redis.call('HINCRBY', K.room, 'comments', #packed)
return done(outcomes, { comments_after = total })
