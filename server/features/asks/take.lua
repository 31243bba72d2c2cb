-- Shows the room a question as being answered; the previous one returns to its earlier place.
-- keys: room events bus timeline actions questions askers
-- uses: room timeline questions asking
-- args: question(id) answers_max by? events_max
-- returns: {question, due}; refuses not_found
-- holds: at most one question is being answered.

if not room_phase() then
  return no_room()
end
local question = question_of(A.question)
if not question then
  return no_question(A.question)
end
if question.status ~= 'answering' then
  local before = questions_that_are('answering')[1]
  if before and before.answer then
    put_answered(before)
  elseif before then
    before.status = 'open'
    save_question(before)
    tell_question(before)
  end
  question.status = 'answering'
  save_question(question)
  tell_question(question)
  tell_queue()
end
return done({ question = full_view(question), due = due_answers() })
