-- Starts, draws and ends the sales whose time has come, by the clock of Redis.
-- keys: room events bus sales stock due once draws entries bought orders orders_of holds ledger stats waiting queued unmet standing prices coupons coupon_counts claims timeline actions
-- uses: room timeline ledger sales coupons orders prices closing buying
-- durable: yes
-- args: batch_max orders_per_user_max entries_max offer_hold_s events_max
-- returns: {changed, next(ms, 0 = nothing is due later)}
-- holds: a sale starts once and ends once, however many workers ask; one that can't be read waits and
-- stops no other.

local changes = 0
local due = redis.call('ZRANGEBYSCORE', K.due, '-inf', int(now), 'LIMIT', 0, A.batch_max)
for _, member in ipairs(due) do
  local id, what = string.match(member, '^(.*):(%a+)$')
  local bad = #damaged
  local sale = id and readable('sale ' .. id, sound_sale, id)
  if id == '*' then
    changes = changes + #close_all(now)
  elseif sale and what == 'start' and sale.status == 'scheduled' then
    start(sale)
    changes = changes + 1
  elseif sale and what == 'draw' then
    draw(sale)
    changes = changes + 1
  elseif sale and what == 'end' and sale.status ~= 'closed' then
    close_sale(sale, now)
    changes = changes + 1
  end
  settle_due(K.due, member, bad, now)
end
settle_buys()
local first = redis.call('ZRANGE', K.due, 0, 0, 'WITHSCORES')
return done({ changed = changes, next = tonumber(first[2]) or 0 })
