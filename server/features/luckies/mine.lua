-- Adds `lucky`: whether they entered the newest lucky draw.
-- keys: luckies newest entrants
-- uses: newest

local lucky = newest_round('lucky', K.luckies)
if lucky then
  for i, entered in ipairs(of_each(K.entrants, lucky)) do
    mine[i].lucky = entered ~= false
  end
end
