-- Adds the question being answered and those answered, at most A.answers_max?(0).
-- keys: questions
-- uses: questions

loaded.question, loaded.answers = question_views(A.answers_max or 0)
