-- Reads the rules of moderation that workers apply to comments.
-- keys: room rules words
-- uses: room
-- args: none
-- returns: {ver, followers_only, review, words = {word, action, word, action, ...}}; refuses not_found
-- holds: changes nothing; all of it belongs to the version `ver`.

if not room_phase() then
  return no_room()
end
local at = redis.call('HMGET', K.room, 'rules_ver', 'followers_only')
return done({ ver = tonumber(at[1] or 0), followers_only = at[2] == '1',
  review = redis.call('HGET', K.rules, 'review') or 'off', words = redis.call('HGETALL', K.words) })
