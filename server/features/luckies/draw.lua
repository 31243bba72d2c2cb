-- Draws the winners of a lucky draw, and tells the seed.
-- keys: room events bus luckies lucky_seeds entrants entered lots ends timeline actions
-- uses: room timeline rounds newest luckies lucky_end
-- durable: yes
-- args: lucky by? events_max
-- returns: the lucky draw; refuses not_found
-- holds: a draw is drawn once: drawing again returns the same winners.

local lucky = room_phase() and lucky_view(A.lucky)
if not lucky then
  return refuse('not_found', 'There is no lucky draw `' .. A.lucky .. '` in this room.')
end
if lucky.status == 'open' then
  draw_lucky(lucky)
end
return done(lucky)
