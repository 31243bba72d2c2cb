-- Reads the questions that an ended stream leaves open; once its host has them, notes so.
-- keys: room questions leaving
-- uses: room questions
-- args: settled?(bool): the host has them
-- returns: {questions = {{key, left_key?, question(messages.Question, without its asker)}, ...}, title}; refuses
--   not_found
-- holds: what was carried in and not answered is left again, under the key it has here.

local phase = room_phase()
if not phase then
  return no_room()
end
if A.settled or phase ~= 'ended' then
  redis.call('ZREM', K.leaving, 'questions')
  return done({ questions = {}, title = '' })
end
local left = {}
for _, question in ipairs(all_questions()) do
  if (question.status == 'open' or question.status == 'answering') and not question.answer then
    local view = question_view(question)
    view.user, view.name, view.status, view.answer = '', '', 'open', nil
    left[#left + 1] = { key = question.key, left_key = question.left_key, question = view }
  end
end
return done({ questions = left, title = redis.call('HGET', K.room, 'title') or '' })
