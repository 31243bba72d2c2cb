-- Prelude of every script that shows questions. Comes after room in scripts that send events;
-- expects K.questions. Besides the public fields (messages.Question) a packed question has `key`
-- (equal for equal questions), `n` (its number in the order of answers, set by its last answer),
-- `answered` (ms of its last answer), `due` (the host's answers still lack this state) and `quiet`
-- (asked by the button: only the staff learns who asked) and `left_key` (its key among the questions
-- that the host's earlier streams left). A dropped one is kept only while due.

local QUEUE_SHOWN = 20   -- open questions sent to host and moderators

-- All questions except dropped ones.
local function all_questions()
  local found = {}
  for _, raw in ipairs(redis.call('HVALS', K.questions)) do
    local question = cmsgpack.unpack(raw)
    if question.status ~= 'dropped' then
      found[#found + 1] = question
    end
  end
  return found
end

-- The question as the staff sees it, with the asker.
local function full_view(question)
  return { question = question.question, sku = question.sku, topic = question.topic,
    text = question.text, user = question.user, name = question.name, asked = question.asked,
    status = question.status, at = question.at, answer = question.answer,
    carried = question.carried, earlier = question.earlier, source = question.source }
end

-- The question as everybody sees it.
local function question_view(question)
  local view = full_view(question)
  view.carried, view.earlier, view.source = nil, nil, nil
  if question.quiet then
    view.user, view.name = '', ''
  end
  return view
end

-- The questions of one status. Answered ones come in the order of their answers, others unordered.
local function questions_that_are(status, questions)
  local found = {}
  for _, question in ipairs(questions or all_questions()) do
    if question.status == status then
      found[#found + 1] = question
    end
  end
  if status == 'answered' then
    table.sort(found, function(a, b) return a.n < b.n end)
  end
  return found
end

-- The question being answered (nil if none), and at most `most` answered ones, oldest first.
local function question_views(most)
  local questions = all_questions()
  local taken = questions_that_are('answering', questions)[1]
  local answered, views = questions_that_are('answered', questions), {}
  for i = math.max(1, #answered - most + 1), #answered do
    views[#views + 1] = question_view(answered[i])
  end
  return taken and question_view(taken), views
end

-- The open questions among `questions` (nil: all), most asked first, then oldest first.
local function queue_view(questions)
  local open, views = questions_that_are('open', questions), {}
  table.sort(open, function(a, b)
    if a.asked ~= b.asked then return a.asked > b.asked end
    if a.at ~= b.at then return a.at < b.at end
    return a.question < b.question
  end)
  for i = 1, math.min(#open, QUEUE_SHOWN) do
    views[i] = full_view(open[i])
  end
  return views
end

-- The changes not yet copied to the host's answers: {key, question, answered(ms), n, left_key?} each.
local function due_answers()
  local due = {}
  for _, raw in ipairs(redis.call('HVALS', K.questions)) do
    local question = cmsgpack.unpack(raw)
    if question.due then
      due[#due + 1] = { key = question.key, question = question_view(question),
        answered = question.answered, n = question.n, left_key = question.left_key }
    end
  end
  return due
end
