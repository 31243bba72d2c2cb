-- Prelude: commands with a key are done once. Comes after room; expects K.once and, of a command that has
-- a key, A.once (the field that remembers it) and A.digest (what was said with it).

-- Whether a command with this key was done before: true for the same command about the same thing, false
-- for another, nil if there was none.
local function done_before(thing)
  local before = A.once and redis.call('HGET', K.once, A.once)
  if before then
    return before == A.digest .. ' ' .. thing
  end
end

local function other_command()
  return refuse('key_reused', 'This key was used for another command; take a new one.')
end

local function remember(thing)
  if A.once then
    redis.call('HSET', K.once, A.once, A.digest .. ' ' .. thing)
  end
end
