-- Prelude: how a poll closes. Comes after room, timeline and polls; expects K.votes and K.ends.

-- A poll that can be closed; nil where there is none. An error for any other.
local function sound_poll(id)
  local poll = poll_view(id)
  if poll then
    local _ = poll.ver + #poll.options + #poll.votes
    assert(type(poll.question) == 'string' and type(poll.status) == 'string', 'it lacks a part')
  end
  return poll
end

local function close_poll(poll)
  local id = poll.poll
  poll.status, poll.ver = 'closed', poll.ver + 1
  redis.call('HSET', K.votes, id .. ':status', 'closed', id .. ':ver', int(poll.ver))
  redis.call('ZREM', K.ends, id)
  tell_room({ t = 'poll', poll = poll })
  record({ k = 'poll', poll = poll })
end
