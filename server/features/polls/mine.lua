-- Adds `vote`: the option they chose in the newest poll.
-- keys: polls newest votes
-- uses: newest

local poll = newest_round('poll', K.polls)
if poll then
  for i, option in ipairs(of_each(K.votes, poll)) do
    mine[i].vote = tonumber(option)
  end
end
