-- Adds the newest lucky draw.
-- keys: luckies entered
-- uses: luckies

loaded.lucky = newest_lucky()
