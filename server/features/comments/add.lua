-- Adds a batch of comments, each shown, held for review or refused on its own.
-- keys: room events bus recent muted shadow_muted shadowed spoke rules review review_order said_by crowds crowd_users spoken passed moderators timeline actions
-- uses: room staff timeline review showing mutes speaking
-- keyed: yes
-- args: comments = {{id, user, name, role, text, badges?, reply?, exempt?, word?, follows?, digest?, asks?}, ...}
--   recent_max(>= 0) rules_ver? review_max? review_per_user_max? new_ms? duplicate_ms? flood_ms?
--   flood_users_max?(<= 900)
-- `exempt`: slow mode does not apply, whatever the role. `word`: the verdict (block or hold) of the
-- words in version `rules_ver`. `follows`: the user follows the host. `digest`: a hash of the text
-- as compared, absent for texts too short to count as repetitions. `asks`: the flood limit does not
-- apply.
-- returns: in the same order {ok, ts(ms), held?, shadow?, staff?(the author moderates here)} or {err, msg, retry_ms?}: not_live muted
-- forbidden rate_limited limit_reached, or stale for all when the rules have another version;
-- refuses not_found as a whole
-- holds: `recent` is no longer than recent_max; the bus message's comments_after is the room's
-- count after the batch, so that a worker can tell how many comments it never got. What is held or
-- shadowed is sent to the staff and its author only. A refusal leaves no trace.

local phase = room_phase()
if not phase then
  return no_room()
end
local now = now_ms()
local at = redis.call('HMGET', K.room, 'slow_s', 'rules_ver', 'followers_only')
local slow_ms, followers_only = tonumber(at[1]) * 1000, at[3] == '1'
if A.rules_ver and A.rules_ver ~= tonumber(at[2] or 0) then
  local stale = {}
  for i = 1, #A.comments do
    stale[i] = { err = 'stale', msg = 'The rules of this room changed; read them again.' }
  end
  return done(stale)
end
local review = redis.call('HGET', K.rules, 'review') or 'off'
local duplicate_ms, flood_ms = A.duplicate_ms or 0, A.flood_ms or 0
local flood_users_max = flood_ms > 0 and A.flood_users_max or 0

-- Reads all stored data about the batch's users and texts at once.
local comments, users, texts_said, digests = A.comments, {}, {}, {}
for i, comment in ipairs(comments) do
  users[i] = comment.user
  if comment.digest then
    texts_said[#texts_said + 1] = comment.user .. '/' .. comment.digest
    digests[#digests + 1] = comment.digest
  end
end

local function each(command, key, fields)
  local found = {}
  if #fields > 0 and redis.call('EXISTS', key) == 1 then
    for i, value in ipairs(redis.call(command, key, unpack(fields))) do
      found[fields[i]] = tonumber(value)   -- nil where there is none
    end
  end
  return found
end

local muted = each('HMGET', K.muted, users)
local shadow_muted = next(muted) and each('HMGET', K.shadow_muted, users) or {}
local spoken = review == 'new' and each('ZMSCORE', K.spoken, users) or {}
local passed = review == 'new' and each('ZMSCORE', K.passed, users) or {}
local spoke = slow_ms > 0 and each('HMGET', K.spoke, users) or {}

-- <user>/<digest> -> ms of the last time; digest -> since when, and by how many users it was said.
local said_by, said_since = each('ZMSCORE', K.said_by, texts_said), each('ZMSCORE', K.crowds, digests)
local said_users = each('HMGET', K.crowd_users, digests)
local new_said_by, new_crowds = {}, {}   -- <user>/<digest>; digest -> true
local waiting = redis.call('HLEN', K.review)
local waiting_of   -- user -> how many of theirs wait; read when the first is to be held

local function waits_of(user)
  if not waiting_of then
    waiting_of = {}
    for _, raw in ipairs(redis.call('HVALS', K.review)) do
      local held = cmsgpack.unpack(raw)
      waiting_of[held.user] = (waiting_of[held.user] or 0) + 1
    end
  end
  return waiting_of[user] or 0
end

local function can_flood(comment)
  return comment.digest and flood_users_max > 0 and not comment.asks
end

-- The time this text was first said, and the number of users who said it, this one included.
local function crowd(comment)
  local since, count = said_since[comment.digest] or 0, said_users[comment.digest] or 0
  if since + flood_ms <= now then
    since, count = now, 0
  end
  local own = said_by[comment.user .. '/' .. comment.digest]
  if not (own and own >= since) then
    count = count + 1
  end
  return since, count
end

local function refusal(comment)
  local refused = speaking_refusal(comment, followers_only, slow_ms, spoke[comment.user], now)
  if refused then
    return refused
  end
  if comment.word == 'block' then
    return { err = 'forbidden',
      msg = 'A word in this comment is not allowed here; say it in other words.' }
  end
  if comment.digest and duplicate_ms > 0 then
    local own = said_by[comment.user .. '/' .. comment.digest]
    local next_ms = own and own + duplicate_ms or 0
    if next_ms > now then
      return { err = 'rate_limited', retry_ms = next_ms - now,
        msg = 'You have just said that; say something else, or wait.' }
    end
  end
end

-- Whether a user is to be reviewed as new: nothing of theirs was passed, or shown long enough ago.
local function is_new(user)
  local first = spoken[user]
  if passed[user] or (first and first + (A.new_ms or 0) <= now) then
    return false
  end
  -- A server of the version before adds half a millisecond to `spoken` when one is passed.
  return not first or first == math.floor(first)
end

-- The reason why a comment is held; nil if it is shown. A second value refuses the comment.
local function held_for(comment)
  if can_flood(comment) then
    local since, count = crowd(comment)
    if count > flood_users_max + 1 then
      return nil, { err = 'rate_limited', retry_ms = since + flood_ms - now,
        msg = 'Many are saying just that at this moment; say it in your own words, or wait.' }
    elseif count > flood_users_max then
      return 'flood'   -- one of them is shown to the moderators, the others are refused
    end
  end
  if comment.word == 'hold' then
    return 'word'
  end
  if review == 'all' or (review == 'new' and is_new(comment.user)) then
    return review
  end
end

-- The outcome of one viewer's comment, and the reason if it is held.
local function judge(comment, is_shadowed)
  local refused = refusal(comment)
  if refused then
    return refused
  end
  local why, flooded = held_for(comment)
  if flooded then
    return flooded
  end
  if why and not is_shadowed and A.review_per_user_max
    and waits_of(comment.user) >= A.review_per_user_max then
    return { err = 'limit_reached', msg = int(A.review_per_user_max)
      .. ' comments of yours wait for the moderators; say more when they have decided.' }
  end
  if why and not is_shadowed and waiting >= (A.review_max or 0) then
    return { err = 'limit_reached',
      msg = 'Too many comments wait for the moderators; try again later.' }
  end
  if can_flood(comment) and not is_shadowed then
    local since, count = crowd(comment)
    said_since[comment.digest], said_users[comment.digest] = since, count
    new_crowds[comment.digest] = true
  end
  if comment.digest and duplicate_ms + flood_ms > 0 then
    local text = comment.user .. '/' .. comment.digest
    said_by[text], new_said_by[text] = now, true
  end
  if slow_ms > 0 and not comment.exempt then
    spoke[comment.user] = now
    redis.call('HSET', K.spoke, comment.user, int(now))
  end
  return { ok = true, ts = now, held = why and true or nil }, why
end

local function mute_now(user)
  local mute = mute_in(muted[user], shadow_muted[user], now)
  if muted[user] and not mute then
    lift_mute(user)
  end
  return mute
end

local SHADOWED_MAX = 500   -- shadowed comments remembered; removals of older ones are told to all

local shown, first_spoken, any_held, any_shadowed = {}, {}, false, false

local function put(comment)
  if phase ~= 'live' then
    return { err = 'not_live', msg = 'Comments are open only while the room is live.' }
  end
  local mute = mute_now(comment.user)
  if mute and not mute.shadow then
    return mute_refusal(mute, now)
  end
  local is_shadowed = mute ~= nil
  local role = comment.role
  if role == 'viewer' and moderates(comment.user, role) then
    role = 'moderator'
  end
  local outcome, why = { ok = true, ts = now, staff = role ~= 'viewer' or nil }, nil
  if role == 'viewer' then
    outcome, why = judge(comment, is_shadowed)
  end
  if outcome.err then
    return outcome
  end
  local view = { id = comment.id, user = comment.user, name = comment.name, role = role,
    text = comment.text, ts = now, badges = comment.badges, reply = comment.reply }
  if is_shadowed then
    outcome.shadow, any_shadowed = true, true
    -- What is held besides is marked: its author was told that it waits, and can't answer it.
    redis.call('LPUSH', K.shadowed, (why and '?' or '') .. view.id .. '/' .. view.user)
    view.t = 'comment'
    if not why then
      whisper(comment.user, view)
    end
    view.shadow = true
    mention_staff(view)
  elseif why then
    view.why = why
    local own = waits_of(view.user)
    hold(view)
    waiting, any_held, waiting_of[view.user] = waiting + 1, true, own + 1
  else
    shown[#shown + 1] = view
    if role == 'viewer' then
      first_spoken[#first_spoken + 1] = int(now)
      first_spoken[#first_spoken + 1] = comment.user
    else
      record({ k = 'comment', comment = view, why = 'host', at = now })
    end
  end
  return outcome
end

local outcomes = {}
for i, comment in ipairs(comments) do
  outcomes[i] = put(comment)
end

local said = {}
for text in pairs(new_said_by) do
  said[#said + 1], said[#said + 2] = int(now), text
end
if #said > 0 then
  local keep_ms = math.max(duplicate_ms, flood_ms)
  redis.call('ZREMRANGEBYSCORE', K.said_by, '-inf', int(now - keep_ms))
  redis.call('ZADD', K.said_by, unpack(said))
  redis.call('PEXPIRE', K.said_by, int(keep_ms))
end
local since, counts = {}, {}
for digest in pairs(new_crowds) do
  since[#since + 1], since[#since + 2] = int(said_since[digest]), digest
  counts[#counts + 1], counts[#counts + 2] = digest, int(said_users[digest])
end
if #since > 0 then
  local over = redis.call('ZRANGEBYSCORE', K.crowds, '-inf', int(now - flood_ms), 'LIMIT', 0, 1000)
  if #over > 0 then
    redis.call('ZREM', K.crowds, unpack(over))
    redis.call('HDEL', K.crowd_users, unpack(over))
  end
  redis.call('ZADD', K.crowds, unpack(since))
  redis.call('HSET', K.crowd_users, unpack(counts))
  redis.call('PEXPIRE', K.crowds, int(flood_ms))
  redis.call('PEXPIRE', K.crowd_users, int(flood_ms))
end
if slow_ms > 0 and next(spoke) then
  redis.call('PEXPIRE', K.spoke, int(slow_ms))   -- whoever spoke before that is free again
end
if any_shadowed then
  redis.call('LTRIM', K.shadowed, 0, SHADOWED_MAX - 1)
end
if #first_spoken > 0 then
  redis.call('ZADD', K.spoken, 'NX', unpack(first_spoken))
  forget_authors(K.spoken)
end
local extra = #shown > 0 and show(shown, A.recent_max) or nil
if any_held then
  tell_review()
end
return done(outcomes, extra)
