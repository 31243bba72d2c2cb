-- Prelude of every script that shows a poll. Comes after newest; expects K.polls K.votes.
-- `polls` holds what never changes of a poll, `votes` its counts, version and status beside who
-- voted what.

-- One poll as the wire knows it (messages.Poll); nil where there is none. `n` is its place in the
-- order of opening.
local function poll_view(id)
  local raw = is_round(id) and redis.call('HGET', K.polls, id)
  if not raw then
    return nil
  end
  local poll = cmsgpack.unpack(raw)
  local n = poll.n
  poll.n, poll.votes = nil, {}
  for i = 1, #poll.options do
    poll.votes[i] = tonumber(redis.call('HGET', K.votes, id .. ':' .. (i - 1)) or 0)
  end
  poll.ver = tonumber(redis.call('HGET', K.votes, id .. ':ver'))
  poll.status = redis.call('HGET', K.votes, id .. ':status')
  return poll, n
end

-- The newest poll; nil if there is none.
local function newest_poll()
  local id = newest_round('poll', K.polls)
  return id and poll_view(id) or nil
end
