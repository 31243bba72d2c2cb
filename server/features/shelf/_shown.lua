-- Prelude: what newcomers see of a shelf. Comes after room; expects K.shelf, A.shown_max and
-- A.shown_bytes_max, without which all is shown.

-- Tells the room a product that it may not know, because not all of the shelf is shown. Half of the
-- bytes is enough: a worker counts them in another packing.
local function tell_if_hidden(product)
  local on_shelf = redis.call('HLEN', K.shelf)
  local hides = on_shelf > (A.shown_max or on_shelf)
  if not hides and A.shown_bytes_max then
    local bytes = 0
    for _, one in ipairs(redis.call('HVALS', K.shelf)) do
      bytes = bytes + #one
    end
    hides = bytes * 2 > A.shown_bytes_max
  end
  if hides then
    tell_room({ t = 'shelf', put = product, total = on_shelf })
  end
end
