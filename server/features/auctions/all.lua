-- Reads all auctions of a room, in the order they were opened.
-- keys: room auctions
-- uses: room auctions
-- args: none
-- returns: [auction, ...]; refuses not_found
-- holds: changes nothing.

if not room_phase() then
  return no_room()
end
local found = {}
for _, id in ipairs(redis.call('HKEYS', K.auctions)) do
  local auction = readable('auction ' .. id, sound_auction, id)
  if auction then
    found[#found + 1] = auction
  end
end
table.sort(found, function(a, b) return a.n < b.n end)
for i, auction in ipairs(found) do
  found[i] = auction_view(auction)
end
return done(found)
