-- Changes who may comment and what waits for review.
-- keys: room events bus rules timeline actions
-- uses: room settings timeline rules
-- args: followers_only?(bool) review?(off|new|all) by? events_max
-- returns: {followers_only, review}; refuses not_found
-- holds: what is absent stays; the room is told whether it is for followers only, and nobody of the
-- review; comments judged by other rules are stale from now on.

if not room_phase() then
  return no_room()
end
local followers_only = redis.call('HGET', K.room, 'followers_only') == '1'
local review = redis.call('HGET', K.rules, 'review') or 'off'
local new_only, new_review = followers_only, A.review or review
if A.followers_only ~= nil then
  new_only = A.followers_only
end

if new_review ~= review then
  redis.call('HSET', K.rules, 'review', new_review)
end
if new_only ~= followers_only then
  redis.call('HSET', K.room, 'followers_only', new_only and 1 or 0)
  tell_settings()
end
if new_only ~= followers_only or new_review ~= review then
  rules_changed()
  record({ k = 'rules', followers_only = new_only, review = new_review })
end
return done({ followers_only = new_only, review = new_review })
