-- Reads the users who had a place in a room that was cancelled, a page at a time.
-- keys: called_off
-- uses: page
-- args: cursor('0' to begin) server('' to begin) count(about)
-- returns: {next('0' at the end), server, flat=[user, ms, ...]}
-- holds: changes nothing.

return cmsgpack.pack(page_of(K.called_off))
