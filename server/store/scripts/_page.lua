-- Prelude: reads a large hash a page at a time. Expects A.cursor A.server A.count.
-- A cursor of HSCAN means something only to the server process that gave it: after a restart or a
-- failover the reading begins anew, and some are read twice rather than left out.

local function page_of(key)
  local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local cursor = A.server == server and A.cursor or '0'
  local found = redis.call('HSCAN', key, cursor, 'COUNT', A.count)
  return { next = found[1], server = server, flat = found[2] }
end
