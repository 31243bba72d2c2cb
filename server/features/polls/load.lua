-- Adds the newest poll.
-- keys: polls votes
-- uses: polls

loaded.poll = newest_poll()
