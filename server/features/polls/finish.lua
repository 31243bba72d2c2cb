-- Closes an open poll whose end has come.
-- keys: polls votes
-- uses: newest polls poll_end
-- returns: whether `id` was one

local poll = readable('poll ' .. id, sound_poll, id)
if poll and poll.status == 'open' then
  close_poll(poll)
  return true
end
