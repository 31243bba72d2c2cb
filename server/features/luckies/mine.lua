-- Adds `lucky`: whether they entered the newest lucky draw.
-- keys: luckies entrants

local lucky = redis.call('HGET', K.luckies, 'newest')
if lucky then
  for i, entered in ipairs(of_each(K.entrants, lucky)) do
    mine[i].lucky = entered ~= false
  end
end
