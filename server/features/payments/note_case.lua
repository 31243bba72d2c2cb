-- Takes note of what a provider tells about an order's payment and a person must look into.
-- keys: room orders payments refunds cases ledger stats
-- uses: room ledger payments
-- durable: yes
-- args: case(id) what order payment amount currency reason?
-- returns: the case; refuses not_found
-- holds: changes no order and no money; each case is noted once.

if redis.call('HEXISTS', K.orders, A.order) == 0 then
  return refuse('not_found', 'There is no such order in this room.')
end
local known = redis.call('HGET', K.cases, A.case)
if known then
  return known
end
local case = { case = A.case, what = A.what, at = now_ms(), order = A.order, payment = A.payment,
  amount = A.amount, currency = A.currency, reason = A.reason }
note_case(case)
write_ledger()
return done(case)
