-- Answers a question, or replaces its answer.
-- keys: room events bus timeline actions questions askers
-- uses: room timeline questions asking
-- args: question(id) text answers_max by? events_max
-- returns: {question, due}: `due` are the changes to copy to the host's answers; refuses not_found
-- holds: an answer is due until `settled` notes that the host's answers have it.

if not room_phase() then
  return no_room()
end
local question = question_of(A.question)
if not question then
  return no_question(A.question)
end
question.answer, question.answered, question.due = A.text, now_ms(), true
put_answered(question)
tell_queue()
return done({ question = full_view(question), due = due_answers() })
