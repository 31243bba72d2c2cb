-- Brings an answer from an earlier room of the host into this room.
-- keys: room events bus timeline actions questions askers
-- uses: room timeline questions asking
-- args: question(messages.Question, answered) key answered(ms) answers_max events_max
-- returns: {}; refuses not_found
-- holds: a question is answered here once; questions asked or answered here take precedence.

if not room_phase() then
  return no_room()
end
for _, known in ipairs(all_questions()) do
  if known.key == A.key then
    return cmsgpack.pack({})
  end
end
local question = A.question
question.key, question.answered = A.key, A.answered
put_answered(question)
return done({})
