-- Reads who belongs to a fan group, a page at a time.
-- keys: members
-- uses: page
-- args: cursor('0' to begin) server('' to begin) count(about)
-- returns: {next('0' at the end), server, members=[{user name at}]}
-- holds: changes nothing; a user who is a member during the whole reading is read at least once.

local page = page_of(K.members)
local members = {}
for i = 1, #page.flat, 2 do
  local member = cmsgpack.unpack(page.flat[i + 1])
  members[#members + 1] = { user = page.flat[i], name = member.name, at = member.at }
end
return cmsgpack.pack({ next = page.next, server = page.server, members = members })
