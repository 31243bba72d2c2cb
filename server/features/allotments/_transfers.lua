-- Prelude: units that a merchant granted the host. Comes after ledger; expects K.room, K.transfers,
-- and, where units come from a merchant, A.transfer = {transfer, merchant, sku, units}, which were
-- sent to this room.

-- The merchant whose units a product on these terms is sold with; nil for the host's own goods, and in a
-- practice, where nothing is really sold.
local function sells_units_of(terms)
  local at = redis.call('HMGET', K.room, 'host', 'practice')
  if terms.merchant ~= '' and terms.merchant ~= at[1] and at[2] ~= '1' then
    return terms.merchant
  end
end

-- Takes so many units of a merchant's product for a sale. Returns the id of the transfer; or nil and
-- what the script has to return: what it needs, the sale that took them before, or a refusal.
-- Nothing is written but that they are taken, so the script must have made its refusals before.
local function take_transfer(merchant, product, units, sale)
  local sku = string.sub(product, #merchant + 2)
  local sent = A.transfer
  if not sent then
    return nil, done({ needs = { merchant = merchant, sku = sku, units = units,
      host = redis.call('HGET', K.room, 'host') } })
  end
  local taken = redis.call('HGET', K.transfers, sent.transfer)
  if taken and taken ~= '' then
    local before = sale_view(taken)
    return nil, done(before)
  end
  if taken or sent.merchant ~= merchant or sent.sku ~= sku or sent.units ~= units then
    return nil, refuse('conflict', 'The units for this were not the right ones any more; send it again.')
  end
  redis.call('HSET', K.transfers, sent.transfer, sale)
  return sent.transfer
end
