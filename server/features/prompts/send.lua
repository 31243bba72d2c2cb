-- Puts a line on the host's screen.
-- keys: room events bus prompts
-- uses: room prompts
-- keyed: yes
-- args: value({prompt user name text}) prompts_max events_max
-- returns: {prompt}; refuses not_found ended
-- holds: the newest prompts_max lines are kept; a stream that is over has none.

local phase = room_phase()
if not phase then
  return no_room()
end
if phase == 'ended' then
  return refuse('ended', 'The stream of this room has ended; the host looks at no screen any more.')
end
A.value.at = now_ms()
redis.call('RPUSH', K.prompts, cmsgpack.pack(A.value))
redis.call('LTRIM', K.prompts, int(-A.prompts_max), -1)
tell_prompts()
return done({ prompt = A.value.prompt })
