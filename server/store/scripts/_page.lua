-- Prelude: reads a large hash a page at a time. Expects A.cursor A.server A.count.
-- An HSCAN cursor is valid only in the server process that returned it. After a restart or failover
-- the reading begins again, so that some fields are read twice and none is left out.

-- A small hash is listed as a whole, sorted by hashes of its fields, since Lua compares other texts as
-- the server's locale says. Of a larger one HSCAN finds about half a page at a time.
local WHOLE_MAX = 1000

-- Lists a hash: fields that begin with `prefix`, at most A.limit of them (of a large hash very seldom
-- more), after A.place ('' to begin). Returns {field, value, ...} and the place after them, nil at the
-- end: `a<hash>` of one listed as a whole, `s<cursor>-<server>` of one that is scanned. If the hash
-- grows or shrinks over WHOLE_MAX meanwhile the listing begins again, so that some fields are read
-- twice and none that stays is left out.
local function listing_of(key, prefix)
  local listed, all = {}, redis.call('HLEN', key) <= WHOLE_MAX
  if all then
    local after, flat = string.match(A.place, '^a(%x+)$') or '', redis.call('HGETALL', key)
    local order, at = {}, {}
    for i = 1, #flat, 2 do
      local hash = string.sub(flat[i], 1, #prefix) == prefix and redis.sha1hex(flat[i]) or ''
      if hash > after then
        order[#order + 1], at[hash] = hash, i
      end
    end
    table.sort(order)
    for n = 1, math.min(#order, A.limit) do
      local i = at[order[n]]
      listed[#listed + 1], listed[#listed + 2] = flat[i], flat[i + 1]
    end
    return listed, #order > A.limit and 'a' .. order[A.limit] or nil
  end
  local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local cursor, of = string.match(A.place, '^s?(%d+)%-(%w+)$')
  if of ~= server then
    cursor = '0'
  end
  for _ = 1, 20 do
    local found = redis.call('HSCAN', key, cursor, 'COUNT', math.ceil(A.limit / 2))
    cursor = found[1]
    for i = 1, #found[2], 2 do
      if string.sub(found[2][i], 1, #prefix) == prefix then
        listed[#listed + 1], listed[#listed + 2] = found[2][i], found[2][i + 1]
      end
    end
    if cursor == '0' or #listed >= A.limit then   -- a field and its value: half of a page
      break
    end
  end
  return listed, cursor ~= '0' and 's' .. cursor .. '-' .. server or nil
end

local function page_of(key)
  local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local cursor = A.server == server and A.cursor or '0'
  local found = redis.call('HSCAN', key, cursor, 'COUNT', A.count)
  return { next = found[1], server = server, flat = found[2] }
end
