-- Adds `reserved`: whether the user asked to be told of the start.
-- keys: reserved

for i, at in ipairs(of_each(K.reserved)) do
  mine[i].reserved = at ~= false
end
