-- Adds the newest lucky draw.
-- keys: luckies newest entered
-- uses: newest luckies

loaded.lucky = newest_lucky()
