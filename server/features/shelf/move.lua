-- Puts a product of the shelf before another one, or at the end.
-- keys: room events bus shelf shelf_order timeline actions
-- uses: room timeline shown
-- args: sku before('' = at the end) shown_max? shown_bytes_max? by? events_max
-- returns: {sku}; refuses not_found
-- holds: `shelf_order` names the same skus as before; a product that stands there already is no news, and
-- one that the room may not know is told to it first.

local ZADD_MAX = 500

if not room_phase() then
  return no_room()
end
local raw = redis.call('HGET', K.shelf, A.sku)
if not raw then
  return refuse('not_found', 'There is no product `' .. A.sku .. '` on the shelf.')
end
if A.before ~= '' and redis.call('HEXISTS', K.shelf, A.before) == 0 then
  return refuse('not_found', 'There is no product `' .. A.before .. '` on the shelf to stand before.')
end

local order = redis.call('ZRANGE', K.shelf_order, 0, -1)
local new = {}
for _, sku in ipairs(order) do
  if sku == A.before and sku ~= A.sku then
    new[#new + 1] = A.sku
  end
  if sku ~= A.sku or A.before == A.sku then
    new[#new + 1] = sku
  end
end
if A.before == '' then
  new[#new + 1] = A.sku
end
local same = true
local scores = {}
for i, sku in ipairs(new) do
  same = same and sku == order[i]
  scores[#scores + 1], scores[#scores + 2] = i, sku
end
if same then
  return done({ sku = A.sku })
end
for i = 1, #scores, 2 * ZADD_MAX do
  redis.call('ZADD', K.shelf_order, unpack(scores, i, math.min(#scores, i + 2 * ZADD_MAX - 1)))
end
tell_if_hidden(cmsgpack.unpack(raw))
tell_room({ t = 'shelf_moved', sku = A.sku, before = A.before ~= '' and A.before or nil })
record({ k = 'shelf_move', sku = A.sku, before = A.before })
return done({ sku = A.sku })
