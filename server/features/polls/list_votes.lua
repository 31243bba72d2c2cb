-- Lists who voted what in a poll, in no order.
-- keys: room polls votes
-- uses: room newest polls page
-- args: poll place('' to begin) limit(about)
-- returns: {next?(absent at the end), votes=[{user option}]}; refuses not_found
-- holds: changes nothing; each vote given before the reading is listed at least once.

if not (room_phase() and poll_view(A.poll)) then
  return refuse('not_found', 'There is no poll `' .. A.poll .. '` in this room.')
end
local prefix = A.poll .. '/'
local flat, place = listing_of(K.votes, prefix)
local votes = {}
for i = 1, #flat, 2 do
  votes[#votes + 1] = { user = string.sub(flat[i], #prefix + 1), option = tonumber(flat[i + 1]) }
end
return done({ next = place, votes = votes })
