-- Adds `vote`: the option they chose in the newest poll.
-- keys: polls votes

local poll = redis.call('HGET', K.polls, 'newest')
if poll then
  for i, option in ipairs(of_each(K.votes, poll)) do
    mine[i].vote = tonumber(option)
  end
end
