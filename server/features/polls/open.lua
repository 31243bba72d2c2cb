-- Lets the room choose among some options.
-- keys: room events bus polls newest votes ends timeline actions
-- uses: room timeline rounds newest polls poll_end
-- keyed: yes
-- args: poll(id) question options lasts_s(0 = until closed) polls_max by? events_max
-- returns: the poll; refuses not_found ended conflict limit_reached
-- holds: one poll a room is open; the same poll id again returns the same poll.

local phase = room_phase()
if not phase then
  return no_room()
end
local known = poll_view(A.poll)
if known then
  return done(known)
end
if phase == 'ended' then
  return refuse('ended', 'The stream of this room has ended; there is nobody left to ask.')
end
local now = now_ms()
local newest = newest_poll()
local open = newest and newest.status == 'open'
if open and not is_over(newest, now) then
  return refuse('conflict', 'A poll is open already; close it before you open another.')
end
local n = count_rounds(K.polls)
if n >= A.polls_max then
  return refuse('limit_reached', 'A room can have ' .. int(A.polls_max) .. ' polls, and this one has.')
end

if open then
  close_poll(newest)
end
local ends = A.lasts_s > 0 and now + A.lasts_s * 1000 or 0
local poll = { poll = A.poll, question = A.question, options = A.options, starts = now,
  ends = ends, n = n + 1 }
redis.call('HSET', K.polls, A.poll, cmsgpack.pack(poll))
put_newest('poll', K.polls, A.poll)
redis.call('HSET', K.votes, A.poll .. ':ver', 0, A.poll .. ':status', 'open')
if ends > 0 then
  redis.call('ZADD', K.ends, int(ends), A.poll)
end
poll = poll_view(A.poll)
tell_room({ t = 'poll', poll = poll })
record({ k = 'poll', poll = poll })
return done(poll)
