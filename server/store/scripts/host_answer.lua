-- The same as `answer`, for a request that is not about one room: its sender's keys hold it.
-- keys: requests requests_due
-- of: host
-- uses: room answers
-- durable: yes
-- args: step(begin|keep|drop) name digest status?(keep) body?(keep) kept_ms answers_max share
-- returns: {status, body} of the request, status 0 without an answer; refuses key_reused rate_limited
-- holds: a request has one answer, the first that was kept; another body under its name gets none.

return answer()
