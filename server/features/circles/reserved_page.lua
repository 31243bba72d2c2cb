-- Reads the users who reserved a place, a page at a time.
-- keys: reserved
-- uses: page
-- args: cursor('0' to begin) server('' to begin) count(about)
-- returns: {next('0' at the end), server, flat=[user, ms, ...]}
-- holds: changes nothing.

return cmsgpack.pack(page_of(K.reserved))
