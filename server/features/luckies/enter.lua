-- Enters a batch of users in lucky draws, each accepted or refused on its own.
-- keys: room events bus luckies lucky_seeds entrants entered lots reserved moderators
-- uses: room staff newest luckies
-- durable: yes
-- args: entries = {{lucky user name role? belongs}, ...} entrants_max events_max; `belongs`: the user is
-- a follower or member, where the draw is for those
-- returns: in the same order {ok} or {err, msg}: not_found ended forbidden limit_reached; refuses
-- not_found as a whole
-- holds: a user enters a draw once; nobody enters after its end, and nobody who can draw.

local phase = room_phase()
if not phase then
  return no_room()
end
local now = now_ms()
local luckies, changed = {}, {}

local function lucky_of(id)
  if luckies[id] == nil then
    luckies[id] = lucky_view(id) or false
    if luckies[id] and luckies[id].status == 'open' then
      luckies[id].seed = redis.call('HGET', K.lucky_seeds, id)
    end
  end
  return luckies[id]
end

local FOR = { followers = 'the followers of the host', group = 'the members of the fan group',
  reserved = 'those who reserved a place' }

local function refusal(entry, lucky)
  if not lucky then
    return { err = 'not_found', msg = 'There is no such lucky draw in this room.' }
  elseif lucky.status ~= 'open' or (lucky.ends > 0 and now >= lucky.ends) or phase == 'ended' then
    return { err = 'ended', msg = 'This lucky draw takes no more entries.' }
  elseif may_host(entry.user, entry.role) then
    return { err = 'forbidden', msg = 'Who gives the prizes away can\'t win them.' }
  end
  local belongs = entry.belongs
  if lucky.audience == 'reserved' then
    belongs = redis.call('HEXISTS', K.reserved, entry.user) == 1
  end
  if lucky.audience ~= 'all' and not belongs then
    return { err = 'forbidden', msg = 'This lucky draw is for ' .. FOR[lucky.audience] .. '.' }
  elseif lucky.entries >= A.entrants_max then
    return { err = 'limit_reached', msg = 'A lucky draw takes ' .. int(A.entrants_max)
      .. ' entries, and this one has them.' }
  end
  return nil
end

local outcomes = {}
for i, entry in ipairs(A.entries) do
  local lucky, member = lucky_of(entry.lucky), entry.lucky .. '/' .. entry.user
  if not (lucky and redis.call('ZSCORE', K.entered, member)) then
    outcomes[i] = refusal(entry, lucky)
    if not outcomes[i] then
      redis.call('ZADD', K.entered, 0, member)
      redis.call('ZADD', K.lots, 0, entry.lucky .. '/' .. redis.sha1hex(lucky.seed .. ' '
        .. entry.user) .. entry.user)
      redis.call('HSET', K.entrants, member, entry.name)
      lucky.entries = lucky.entries + 1
      changed[entry.lucky] = lucky
    end
  end
  outcomes[i] = outcomes[i] or { ok = true }
end
for id, lucky in pairs(changed) do
  mention({ t = 'entries', lucky = id, entries = lucky.entries })
end
return done(outcomes)
