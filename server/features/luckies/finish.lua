-- Draws an open lucky draw whose end has come.
-- keys: luckies lucky_seeds entrants entered lots
-- uses: newest luckies lucky_end
-- returns: whether `id` was one

local lucky = readable('lucky draw ' .. id, sound_lucky, id)
if lucky and lucky.status == 'open' then
  draw_lucky(lucky)
  return true
end
