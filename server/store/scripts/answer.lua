-- Looks up a request with a key in a room: begins it, keeps its answer, or drops it.
-- keys: room requests requests_due
-- uses: room answers
-- durable: yes
-- args: step(begin|keep|drop) name digest status?(keep) body?(keep) kept_ms answers_max share
-- returns: {status, body} of the request, status 0 without an answer; refuses key_reused rate_limited
-- holds: a request has one answer, the first that was kept; another body under its name gets none.

return answer(redis.call('HGET', K.room, 'host') or nil)
