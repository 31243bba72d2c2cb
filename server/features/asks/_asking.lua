-- Prelude: how questions change. Comes after room, timeline and questions; expects K.questions,
-- K.askers and A.answers_max.

local function save_question(question)
  redis.call('HSET', K.questions, question.question, cmsgpack.pack(question))
end

local function forget_askers(id)
  redis.call('ZREMRANGEBYLEX', K.askers, '[' .. id .. '/', '(' .. id .. '0')   -- `0` follows `/`
end

local function forget_question(id)
  redis.call('HDEL', K.questions, id)
  forget_askers(id)
end

-- The question with this id; nil if it does not exist or was dropped.
local function question_of(id)
  local raw = redis.call('HGET', K.questions, id)
  local question = raw and cmsgpack.unpack(raw)
  return question and question.status ~= 'dropped' and question or nil
end

local function no_question(id)
  return refuse('not_found', 'There is no question `' .. id .. '`; it may have been dropped.')
end

local function tell_question(question)
  local view = question_view(question)
  tell_room({ t = 'question', question = view })
  record({ k = 'question', question = view })
end

-- Returns the queue; pass `questions` if they are loaded already.
local function tell_queue(questions)
  mention_staff({ t = 'queue', questions = queue_view(questions) })
end

-- Marks a question as answered and tells the room. Forgets the oldest answers beyond answers_max;
-- every copy of the room forgets the same ones.
local function put_answered(question)
  local answered = questions_that_are('answered')
  local last = answered[#answered]
  question.status, question.n = 'answered', last and last.n + 1 or 1
  save_question(question)
  forget_askers(question.question)
  local known = 0
  for _, other in ipairs(answered) do
    if other.question ~= question.question then
      known = known + 1
    end
  end
  for _, other in ipairs(answered) do
    if known < A.answers_max then
      break
    end
    if other.question ~= question.question then
      forget_question(other.question)
      known = known - 1
    end
  end
  tell_question(question)
end
