-- Tells host and moderators the open questions as they are now.
-- keys: room events bus timeline actions questions askers
-- uses: room timeline questions asking
-- args: answers_max events_max
-- returns: {}; refuses not_found
-- holds: what is told is the whole queue, so that one telling stands for any number of changes.

if not room_phase() then
  return no_room()
end
tell_queue()
return done({})
