-- Prelude: the least at which merchants let their goods be sold. Comes after ledger; expects K.picked.

-- The refusal of a price of a sku that is below what its merchant asks; nil for any other.
local function below_lowest(sku, price)
  local picked = redis.call('HGET', K.picked, sku)
  picked = picked and cmsgpack.unpack(picked) or {}
  return price < (picked.lowest or 0) and refuse('conflict', 'The merchant `' .. picked.merchant
    .. '` lets `' .. sku .. '` be sold at ' .. int(picked.lowest) .. ' or more, in the minor unit, not at '
    .. int(price) .. '.') or nil
end
