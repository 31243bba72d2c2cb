-- Adds the newest poll.
-- keys: polls newest votes
-- uses: newest polls

loaded.poll = newest_poll()
