-- Closes every sale of a room: its stream has ended.
-- keys: room events bus sales stock due bought orders holds ledger stats
-- uses: room sales orders closing
-- durable: yes
-- args: events_max
-- returns: ids of the sales that were closed now; refuses not_found
-- holds: doing it twice is the same as doing it once.

if not room_phase() then
  return no_room()
end
local now, closed = now_ms(), {}
for _, id in ipairs(redis.call('HKEYS', K.sales)) do
  local sale = sale_of(id)
  if sale.status ~= 'closed' then
    close_sale(sale, now)
    closed[#closed + 1] = id
  end
end
settle()
return done(closed)
