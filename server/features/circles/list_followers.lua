-- Lists the followers of a host, in no order.
-- keys: followers
-- of: host
-- uses: page
-- args: place('' to begin) limit(about)
-- returns: {next?(absent at the end), followers=[{user at(ms)}]}
-- holds: changes nothing; a user who follows during the whole reading is listed at least once.

local flat, place = listing_of(K.followers, '')
local followers = {}
for i = 1, #flat, 2 do
  followers[#followers + 1] = { user = flat[i], at = tonumber(flat[i + 1]) }
end
return cmsgpack.pack({ next = place, followers = followers })
