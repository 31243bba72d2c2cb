-- Prelude: requests with a key and their answers. Comes after room; expects K.requests and
-- K.requests_due. The loader puts it in front of each script with `keyed: yes`, and runs that script
-- through `once`. A script that serves a batch gets the item of a request with a key alone
-- (`GroupCommit`), for it remembers one request.
-- `requests` holds, packed: <request> -> {digest, status?, body?}, without a status while nothing was
-- answered yet; and <request>/<script>/<n> -> {digest, result}, what that call of a script returned.
-- A request that counts towards its sender's share is named <digest>.<tag>, where the tag stands for the
-- sender; of/<tag> -> how many entries of that sender there are, and of/ -> of all senders with a tag.

local function other_request()
  return refuse('key_reused', 'This key came with another request; take a new key for each request.')
end

local function add_to_share(name, change)
  local tag = string.match(name, '^%x+%.(%x+)')
  if tag then
    redis.call('HINCRBY', K.requests, 'of/' .. tag, change)
    redis.call('HINCRBY', K.requests, 'of/', change)
  end
end

local function entries_of(tag)
  return tonumber(redis.call('HGET', K.requests, 'of/' .. tag) or 0)
end

local function keep(name, value, kept_ms)
  if redis.call('HSET', K.requests, name, cmsgpack.pack(value)) == 1 then
    add_to_share(name, 1)
  end
  redis.call('ZADD', K.requests_due, int(now_ms() + kept_ms), name)
  redis.call('PEXPIRE', K.requests, int(kept_ms))
  redis.call('PEXPIRE', K.requests_due, int(kept_ms))
end

local function forget(name)
  if redis.call('HDEL', K.requests, name) == 1 then
    add_to_share(name, -1)
  end
  redis.call('ZREM', K.requests_due, name)
end

-- Entries of before November 2026 have names without a tag.
local function kept(name)
  local raw = redis.call('HGET', K.requests, name)
    or redis.call('HGET', K.requests, (string.gsub(name, '^(%x+)%.%x+', '%1')))
  return raw and cmsgpack.unpack(raw) or nil
end

-- Whether a result asks to send the same again later. Such a refusal decides nothing.
local function is_for_now(bytes)
  local said = cmsgpack.unpack(bytes)
  if type(said) == 'table' and #said == 1 then
    said = said[1]   -- a batch of one
  end
  return type(said) == 'table' and said.err and said.retry_ms
end

-- Runs a script for the request A.request, unless it ran before: then returns what it returned.
local function once(script)
  local request = A.request
  local known = kept(request.name)
  if known then
    return known.digest == request.digest and known.result or other_request()
  end
  local result = script()
  local bytes = type(result) == 'table' and result[1] or result
  if not is_for_now(bytes) then
    keep(request.name, { digest = request.digest, result = bytes }, request.kept_ms)
  end
  return result
end

-- Whether there is no place for one more request. Viewers have places of their own, so that they can't
-- keep out the host and other servers, and each a share of the free ones, so that they can't keep each
-- other out. `host` is the room's, if it is about one.
local function is_full(host)
  local hosts = host and string.sub(redis.sha1hex(host), 1, 12) or ''
  local viewers = entries_of('') - (host and entries_of(hosts) or 0)
  local tag = string.match(A.name, '%.(%x+)$')
  if tag and tag ~= hosts then
    return entries_of(tag) >= (A.answers_max - viewers) * A.share
  end
  return redis.call('ZCARD', K.requests_due) - viewers >= A.answers_max
end

-- The body of the scripts `answer` and `host_answer`.
local function answer(host)
  local now = now_ms()
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', K.requests_due, '-inf', int(now), 'LIMIT', 0, 100)) do
    forget(name)
  end
  local known = kept(A.name)
  if known and known.digest ~= A.digest then
    return other_request()
  elseif known and known.status then
    return done({ status = known.status, body = known.body })
  elseif A.step == 'drop' then
    forget(A.name)
  elseif A.step == 'keep' then
    keep(A.name, { digest = A.digest, status = A.status, body = A.body }, A.kept_ms)
    return done({ status = A.status, body = A.body })
  elseif not known then
    if is_full(host) then
      local oldest = redis.call('ZRANGE', K.requests_due, 0, 0, 'WITHSCORES')
      return refuse('rate_limited', 'Too many requests with a key in a day; nothing was done.',
        math.max(1, tonumber(oldest[2]) - now))
    end
    keep(A.name, { digest = A.digest }, A.kept_ms)
  end
  return done({ status = 0 })
end
