-- Puts a batch of questions into the queue; equal questions share one entry.
-- keys: room events bus timeline actions muted shadow_muted questions askers
-- uses: room timeline questions asking mutes speaking
-- args: questions = {{id, key, sku, topic, text, user, name, quiet, earlier?, source?}, ...} open_max chatter_max per_user_max events_max;
--   questions of one `key` are the same
-- returns: in the same order {question, counted?} or {err, msg, retry_ms?}: not_live muted
--   rate_limited; refuses not_found as a whole. `counted`: the queue changed; the caller then runs
--   tell_queue to tell the staff.
-- holds: `asked` counts distinct users, and no two open questions share a key. A question being
--   answered counts no further users, since the room was told. Shadow-muted users are not counted.
--   Among the open ones at most chatter_max come from comments that fit no topic, so that chatter
--   drives out chatter. At most open_max are open: one more drops the least asked; among equals, the oldest.

local phase = room_phase()
if not phase then
  return no_room()
end
local now = now_ms()

-- Whether it was said in a comment and fits no topic.
local function is_chatter(question)
  return question.topic == 'other' and not question.quiet
end

local by_key, open, chatter = {}, 0, 0
for _, question in ipairs(all_questions()) do
  if question.status == 'open' or question.status == 'answering' then
    by_key[question.key] = question
  end
  if question.status == 'open' then
    open = open + 1
    chatter = chatter + (is_chatter(question) and 1 or 0)
  end
end

local function refusal(asked)
  if phase == 'ended' then
    return { err = 'not_live', msg = 'Questions are taken until the stream ends.' }
  end
  local mute = mute_of(asked.user, now)
  if mute and not mute.shadow then
    return mute_refusal(mute, now)
  end
  if by_key[asked.key] then
    return nil
  end
  local own = 0
  for _, question in pairs(by_key) do
    if question.status == 'open' and question.user == asked.user then
      own = own + 1
    end
  end
  if own >= A.per_user_max then
    return { err = 'rate_limited', retry_ms = 10000,
      msg = int(own) .. ' questions of yours are open; wait for their answers.' }
  end
  return nil
end

-- Forgets the least asked, oldest open question; with `only_chatter`, of those of no topic.
local function make_room(only_chatter)
  local least
  for _, question in pairs(by_key) do
    if question.status == 'open' and (not only_chatter or is_chatter(question))
      and (not least or question.asked < least.asked
      or (question.asked == least.asked and (question.at < least.at
      or (question.at == least.at and question.question < least.question)))) then
      least = question
    end
  end
  by_key[least.key] = nil
  forget_question(least.question)
  open = open - 1
  chatter = chatter - (is_chatter(least) and 1 or 0)
end

local new = {}

local function add(asked)
  local question, counted = by_key[asked.key], nil
  if not question then
    question = { question = asked.id, key = asked.key, sku = asked.sku, topic = asked.topic,
      text = asked.text, user = asked.user, name = asked.name, quiet = asked.quiet or nil, earlier = asked.earlier,
      source = asked.source,
      asked = 0, status = 'open', at = now }
    if mute_of(asked.user, now) then   -- shadow mute: reply as if the question was taken
      question.asked = 1
      return { question = full_view(question) }
    end
    while is_chatter(question) and chatter >= A.chatter_max do
      make_room(true)
    end
    while open >= A.open_max do
      make_room()
    end
    chatter = chatter + (is_chatter(question) and 1 or 0)
    by_key[asked.key] = question
    open = open + 1
    new[#new + 1] = question
  end
  if question.status == 'open' and question.source and not asked.source and not mute_of(asked.user, now) then
    question.source = nil   -- the answer of its product was not enough
    save_question(question)
    counted = true
  end
  if question.status == 'open' and not mute_of(asked.user, now)
    and redis.call('ZADD', K.askers, 'NX', 0, question.question .. '/' .. asked.user) == 1 then
    question.asked = question.asked + 1
    save_question(question)
    counted = true
  end
  local view = question.user == asked.user and full_view or question_view
  return { question = view(question), counted = counted }
end

local outcomes = {}
for i, asked in ipairs(A.questions) do
  outcomes[i] = refusal(asked) or add(asked)
end
for _, question in ipairs(new) do
  record({ k = 'queued', question = question_view(question), at = now })
end
return done(outcomes)
