-- Prelude: money. Comes after orders; expects K.payments K.refunds, and K.cases for note_case().
-- Of a payment's `amount`, `due` is to be given back, and `back` was; each is absent while it is 0.
-- `refunds` is what was given back, by the id of the refund. The status follows from these:
-- `refund_due` while something is due, `refunded` once all was given back, else `applied`, for it paid
-- its order. Rows from before `due` and `back` existed were due or given back whole.

local function payment_of(id)
  local raw = redis.call('HGET', K.payments, id)
  return raw and cmsgpack.unpack(raw) or nil
end

local function due_of(payment)
  return payment.due or payment.status == 'refund_due' and payment.amount or 0
end

local function back_of(payment)
  return payment.back or payment.status == 'refunded' and payment.amount or 0
end

local function positive(n)
  return n > 0 and n or nil
end

-- All changes of payments go through here: the payment is stored, counted and logged. `owed`: it paid
-- no order, so all of it has to go back, were it nothing. `about` are further fields of the ledger's line.
local function set_payment(payment, due, back, now, owed, about)
  local was, field = payment.status, ':' .. payment.currency
  local grown = due - due_of(payment)
  if not was then
    count('charged' .. field, payment.amount)
  end
  if grown ~= 0 then
    count('refund_due' .. field, grown)
  end
  if back ~= back_of(payment) then
    count('refunded' .. field, back - back_of(payment))
  end
  local status = due > 0 and 'refund_due'
    or back == payment.amount and (back > 0 or owed) and 'refunded'
    or 'applied'
  if status ~= 'refund_due' then
    if was then
      redis.call('ZREM', K.refunds, payment.payment)
    end
  elseif grown > 0 then
    redis.call('ZADD', K.refunds, int(now), payment.payment)
  end
  payment.due, payment.back = positive(due), positive(back)
  payment.status, payment.at = status, now
  redis.call('HSET', K.payments, payment.payment, cmsgpack.pack(payment))
  local line = about or {}
  line.k, line.at, line.was, line.payment = 'payment', now, was, payment
  log(line)
end

-- Notes something about a payment that a person must look into, once an id. `beyond` is what a bank took
-- beyond what was left of the payment.
local function note_case(case, beyond)
  redis.call('HSET', K.cases, case.case, cmsgpack.pack(case))
  log({ k = 'case', at = case.at, case = case, beyond = beyond })
end
