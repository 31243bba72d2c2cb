-- Reads who belongs to a fan group, a page at a time.
-- keys: members
-- uses: page
-- args: cursor('0' to begin) server('' to begin) count(about)
-- returns: {next('0' at the end), server, flat=[user, packed {name at}, ...]}
-- holds: changes nothing; who is a member all the while is read at least once.

return page_of(K.members)
