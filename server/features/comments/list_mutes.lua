-- Lists the users who are muted in a room, in no order.
-- keys: room muted shadow_muted
-- uses: room mutes page
-- args: place('' to begin) limit(about)
-- returns: {next?(absent at the end), mutes=[{user until(ms) shadow(bool)}]}; refuses not_found
-- holds: changes nothing; mutes that lapsed are left out, and a page may have none.

if not room_phase() then
  return no_room()
end
local now = now_ms()
local flat, place = listing_of(K.muted, '')
local mutes = {}
for i = 1, #flat, 2 do
  local mute = mute_in(flat[i + 1], redis.call('HGET', K.shadow_muted, flat[i]), now)
  if mute then
    mutes[#mutes + 1] = { user = flat[i], ['until'] = mute['until'], shadow = mute.shadow }
  end
end
return done({ next = place, mutes = mutes })
