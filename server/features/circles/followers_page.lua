-- Reads the followers of a host, a page at a time.
-- keys: followers
-- of: host
-- uses: page
-- args: cursor('0' to begin) server('' to begin) count(about)
-- returns: {next('0' at the end), server, flat=[user, ms, ...]}
-- holds: changes nothing; a user who follows during the whole reading is read at least once.

return cmsgpack.pack(page_of(K.followers))
