-- Prelude of every script that shows questions. Expects K.questions.

-- The question being answered (nil if none) and those answered, oldest first, at most `most`.
local function question_views(most)
  return nil, {}
end
