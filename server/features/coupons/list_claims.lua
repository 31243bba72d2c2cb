-- Lists the claims of a room's coupons, or of one of them, in no order.
-- keys: room claims
-- uses: room page
-- args: place('' to begin) limit(about) coupon('' = all)
-- returns: {next?(absent at the end), claims=[claim]}; refuses not_found
-- holds: changes nothing; each claim made before the reading is listed at least once. A page of one
-- coupon has fewer where the claims are of others.

if not room_phase() then
  return no_room()
end
local flat, place = listing_of(K.claims, '')
local claims = {}
for i = 2, #flat, 2 do
  local claim = readable('claim ' .. flat[i - 1], cmsgpack.unpack, flat[i])
  if claim and (A.coupon == '' or claim.coupon == A.coupon) then
    claims[#claims + 1] = claim
  end
end
return done({ next = place, claims = claims })
