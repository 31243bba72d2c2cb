-- Lists who belongs to a fan group, in no order.
-- keys: members
-- uses: page
-- args: place('' to begin) limit(about)
-- returns: {next?(absent at the end), members=[{user name at}]}
-- holds: changes nothing; a user who is a member during the whole reading is listed at least once.

local flat, place = listing_of(K.members, '')
local members = {}
for i = 1, #flat, 2 do
  local member = cmsgpack.unpack(flat[i + 1])
  members[#members + 1] = { user = flat[i], name = member.name, at = member.at }
end
return cmsgpack.pack({ next = place, members = members })
