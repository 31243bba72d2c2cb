-- Closes every sale of a room: its stream has ended.
-- keys: room events bus sales stock due bought orders orders_of holds ledger stats waiting queued unmet standing prices timeline actions
-- uses: room timeline ledger sales coupons orders prices closing
-- durable: yes
-- args: offer_hold_s orders_per_user_max events_max
-- returns: ids of the sales that were closed now; refuses not_found
-- holds: doing it twice is the same as doing it once.

if not room_phase() then
  return no_room()
end
local closed = close_all(now_ms())
settle()
return done(closed)
