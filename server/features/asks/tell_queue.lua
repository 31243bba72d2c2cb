-- Sends the current open questions to host and moderators.
-- keys: room events bus timeline actions questions askers
-- uses: room timeline questions asking
-- args: answers_max events_max
-- returns: {}; refuses not_found
-- holds: the message has the whole queue, so that one message covers any number of changes.

if not room_phase() then
  return no_room()
end
tell_queue()
return done({})
