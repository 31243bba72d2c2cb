-- Prelude: what is planned. Comes after room; expects K.rundown.

local function rundown_order()
  local order = {}
  for item in string.gmatch(redis.call('HGET', K.rundown, 'order') or '', '[^,]+') do
    order[#order + 1] = item
  end
  return order
end

-- An item, or nil; the names of the other fields are none.
local function rundown_item(item)
  if item == 'order' or item == 'ver' then
    return nil
  end
  local raw = redis.call('HGET', K.rundown, item)
  return raw and cmsgpack.unpack(raw)
end

local function no_item(item)
  return refuse('not_found', 'There is no item `' .. item .. '` in the rundown; somebody removed it.')
end

local function is_done_already()
  return refuse('conflict', 'This item is done already; mark it as not done to do it again.')
end

-- Tells host and moderators that something changed; they read it again.
local function tell_rundown()
  mention_staff({ t = 'rundown', ver = redis.call('HINCRBY', K.rundown, 'ver', 1) })
end

local function keep_order(order)
  redis.call('HSET', K.rundown, 'order', table.concat(order, ','))
end

-- The order without an item, or with it before another one ('' = at the end).
local function order_with(order, item, before)
  local new = {}
  for _, each in ipairs(order) do
    if each == before then
      new[#new + 1] = item
    end
    if each ~= item then
      new[#new + 1] = each
    end
  end
  if before == '' then
    new[#new + 1] = item
  end
  return new
end
