-- Notes that these changes were copied to the host's answers.
-- keys: room questions
-- uses: room
-- args: settled = {{question(id), answered(ms)}, ...}
-- returns: {}; refuses not_found
-- holds: a question whose answer was replaced meanwhile stays due.

if not room_phase() then
  return no_room()
end
for _, settled in ipairs(A.settled) do
  local raw = redis.call('HGET', K.questions, settled.question)
  local question = raw and cmsgpack.unpack(raw)
  if question and question.due and question.answered == settled.answered then
    if question.status == 'dropped' then
      redis.call('HDEL', K.questions, question.question)
    else
      question.due = nil
      redis.call('HSET', K.questions, question.question, cmsgpack.pack(question))
    end
  end
end
return cmsgpack.pack({})
