-- Prelude: how a poll closes. Comes after room, timeline and polls; expects K.votes and K.ends.

local function close_poll(poll)
  local id = poll.poll
  poll.status, poll.ver = 'closed', poll.ver + 1
  redis.call('HSET', K.votes, id .. ':status', 'closed', id .. ':ver', int(poll.ver))
  redis.call('ZREM', K.ends, id)
  tell_room({ t = 'poll', poll = poll })
  record({ k = 'poll', poll = poll })
end
