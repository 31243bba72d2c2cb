-- Reads what only host and moderators see of a room, as of one instant.
-- keys: room asks questions review review_order words rules moderators muted shadow_muted
-- uses: room questions review mutes
-- args: held_max muted_max
-- returns: {desk(messages.Desk), due, held_total}: `held` are the oldest, `muted` those muted
--   longest; `due` is what the host's answers are still to be told; refuses not_found
-- holds: changes nothing.

if not room_phase() then
  return no_room()
end
local now = now_ms()
local desk = { queue = queue_view(), held = {}, blocked_words = {}, held_words = {}, muted = {} }

-- Left out if it is empty: an empty table would arrive as a list.
local flat = redis.call('HGETALL', K.asks)
for i = 1, #flat, 2 do
  desk.asks = desk.asks or {}
  desk.asks[flat[i]] = tonumber(flat[i + 1])
end

local held_total
desk.held, held_total = held_views(A.held_max)

flat = redis.call('HGETALL', K.words)
for i = 1, #flat, 2 do
  local words = flat[i + 1] == 'block' and desk.blocked_words or desk.held_words
  words[#words + 1] = flat[i]
end
table.sort(desk.blocked_words)
table.sort(desk.held_words)

desk.followers_only = redis.call('HGET', K.room, 'followers_only') == '1'
desk.review = redis.call('HGET', K.rules, 'review') or 'off'
desk.moderators = redis.call('HKEYS', K.moderators)
table.sort(desk.moderators)

local muted = {}
flat = redis.call('HGETALL', K.muted)
for i = 1, #flat, 2 do
  local mute = mute_in(flat[i + 1], redis.call('HGET', K.shadow_muted, flat[i]), now)
  if mute then
    mute.user = flat[i]
    muted[#muted + 1] = mute
  end
end
table.sort(muted, function(a, b)
  return a['until'] > b['until'] or (a['until'] == b['until'] and a.user < b.user)
end)
for i = 1, math.min(#muted, A.muted_max) do
  desk.muted[i] = muted[i]
end
return done({ desk = desk, due = due_answers(), held_total = held_total })
