-- Takes no more votes in a poll.
-- keys: room events bus polls votes ends timeline actions
-- uses: room timeline rounds newest polls poll_end
-- args: poll by? events_max
-- returns: the poll; refuses not_found
-- holds: closing twice is the same as closing once.

local poll = room_phase() and poll_view(A.poll)
if not poll then
  return refuse('not_found', 'There is no poll `' .. A.poll .. '` in this room.')
end
if poll.status == 'open' then
  close_poll(poll)
end
return done(poll)
