-- Prelude of every script that shows sales. Expects K.sales and K.stock among the keys.
-- `sales` holds what never changes of a sale, `stock` its counters as <sale>:<counter>.

local sale_metas = {}   -- sale id -> the shop's text about its product; the wire doesn't have it
local sale_terms = {}   -- sale id -> the terms frozen in it; the wire doesn't have them

-- One sale as the wire knows it (messages.Sale); nil where there is none. `n` is its place in the
-- order of opening.
local function sale_view(id)
  local raw = redis.call('HGET', K.sales, id)
  if not raw then
    return nil
  end
  local sale = cmsgpack.unpack(raw)
  local n = sale.n
  sale_terms[id], sale_metas[id] = sale.terms, sale.meta
  sale.n, sale.terms, sale.meta = nil, nil, nil
  local at = redis.call('HMGET', K.stock, id .. ':allocated', id .. ':left', id .. ':held',
    id .. ':sold', id .. ':ver', id .. ':status')
  sale.allocated, sale.left, sale.held = tonumber(at[1]), tonumber(at[2]), tonumber(at[3])
  sale.sold, sale.ver, sale.status = tonumber(at[4]), tonumber(at[5]), at[6]
  return sale, n
end

-- All sales in the order they were opened, but those of auctions.
local function sale_views()
  local ordered = {}
  for _, id in ipairs(redis.call('HKEYS', K.sales)) do
    local sale, n = sale_view(id)
    if not sale.auction then
      ordered[#ordered + 1] = { n = n, sale = sale }
    end
  end
  table.sort(ordered, function(a, b) return a.n < b.n end)
  local views = {}
  for i, entry in ipairs(ordered) do
    views[i] = entry.sale
  end
  return views
end
