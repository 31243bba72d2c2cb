-- Lists who reserved a place in a room, in no order.
-- keys: reserved
-- uses: page
-- args: place('' to begin) limit(about)
-- returns: {next?(absent at the end), reserved=[{user at(ms)}]}
-- holds: changes nothing; a user whose reservation stands all the while is listed at least once.

local flat, place = listing_of(K.reserved, '')
local reserved = {}
for i = 1, #flat, 2 do
  reserved[#reserved + 1] = { user = flat[i], at = tonumber(flat[i + 1]) }
end
return cmsgpack.pack({ next = place, reserved = reserved })
