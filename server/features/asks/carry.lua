-- Brings questions that the host's earlier streams left open into this room's queue.
-- keys: room events bus timeline actions questions askers
-- uses: room timeline questions asking
-- args: questions = {{key, left_key, question(messages.Question)}, ...}, the most important first;
--   open_max answers_max events_max
-- returns: {carried}: how many came in; refuses not_found
-- holds: a question that is known here, in whatever state, does not come in again; at most open_max are
--   open, and what was asked here never yields. They are no facts of this stream until they are taken.

local phase = room_phase()
if not phase then
  return no_room()
end
if phase == 'ended' or redis.call('HGET', K.room, 'practice') == '1' then
  return done({ carried = 0 })
end
local known, open = {}, 0
for _, raw in ipairs(redis.call('HVALS', K.questions)) do
  local question = cmsgpack.unpack(raw)   -- one that was dropped, too, until its host has heard
  known[question.key] = true
  if question.status == 'open' then
    open = open + 1
  end
end
local carried = 0
for _, each in ipairs(A.questions) do
  if open >= A.open_max then
    break
  end
  if not known[each.key] then
    local question = each.question
    question.key, question.left_key, question.status = each.key, each.left_key, 'open'
    save_question(question)
    known[each.key] = true
    open, carried = open + 1, carried + 1
  end
end
if carried > 0 then
  tell_queue()
end
return done({ carried = carried })
