-- Counts a batch of votes, each accepted or refused on its own.
-- keys: room events bus polls votes
-- uses: room newest polls
-- args: votes = {{poll user option}, ...} events_max
-- returns: in the same order {ok} or {err, msg}: not_found conflict ended; refuses not_found as a
-- whole
-- holds: a user has one vote a poll, and it never changes; the counts are those of the votes.

local phase = room_phase()
if not phase then
  return no_room()
end
local now = now_ms()
local polls, changed = {}, {}

local function poll_of(id)
  if polls[id] == nil then
    polls[id] = poll_view(id) or false
  end
  return polls[id]
end

local function refusal(vote, before)
  local poll = poll_of(vote.poll)
  if not poll or vote.option >= #poll.options then
    return { err = 'not_found', msg = 'This room has no such poll, or the poll no such option.' }
  elseif before then
    return { err = 'conflict', msg = 'You chose another option in this poll already.' }
  elseif poll.status ~= 'open' or (poll.ends > 0 and now >= poll.ends) or phase == 'ended' then
    return { err = 'ended', msg = 'The poll takes no more votes.' }
  end
  return nil
end

local outcomes = {}
for i, vote in ipairs(A.votes) do
  local field = vote.poll .. '/' .. vote.user
  local before = redis.call('HGET', K.votes, field)
  local no = tonumber(before or -1) ~= vote.option and refusal(vote, before)
  if not before and not no then
    redis.call('HSET', K.votes, field, int(vote.option))
    redis.call('HINCRBY', K.votes, vote.poll .. ':' .. int(vote.option), 1)
    changed[vote.poll] = true
  end
  outcomes[i] = no or { ok = true }
end
for id in pairs(changed) do
  redis.call('HINCRBY', K.votes, id .. ':ver', 1)
  local poll = poll_view(id)
  mention({ t = 'votes', poll = id, votes = poll.votes, ver = poll.ver })
end
return done(outcomes)
