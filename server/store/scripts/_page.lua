-- Prelude: reads a large hash a page at a time. Expects A.cursor A.server A.count.
-- An HSCAN cursor is valid only in the server process that returned it. After a restart or failover
-- the reading begins again, so that some fields are read twice and none is left out.

local function page_of(key)
  local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local cursor = A.server == server and A.cursor or '0'
  local found = redis.call('HSCAN', key, cursor, 'COUNT', A.count)
  return { next = found[1], server = server, flat = found[2] }
end
