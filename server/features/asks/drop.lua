-- Takes a question out of the queue, or an answer off its product.
-- keys: room events bus timeline actions questions askers
-- uses: room timeline questions asking
-- args: question(id) by? events_max
-- returns: {question, due}: `due` are the changes to copy to the host's answers; refuses not_found
-- holds: the room is told only of questions it had seen; a dropped answer is due until the host's
--   answers have dropped it too.

if not room_phase() then
  return no_room()
end
local question = question_of(A.question)
if not question then
  return no_question(A.question)
end
local was = question.status
question.status = 'dropped'
if question.answer or question.left_key then
  question.answered, question.due = now_ms(), true
  save_question(question)
  forget_askers(question.question)
else
  forget_question(question.question)
end
if was == 'open' then
  record({ k = 'question', question = question_view(question) })
else
  tell_question(question)
end
tell_queue()
return done({ question = full_view(question), due = due_answers() })
