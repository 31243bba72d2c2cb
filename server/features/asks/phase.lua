-- A stream that ends leaves its open questions to its host: see left. A practice leaves none.
-- keys: room questions leaving

if phase == 'ended' and redis.call('HGET', K.room, 'practice') ~= '1'
  and redis.call('EXISTS', K.questions) == 1 then
  redis.call('ZADD', K.leaving, int(at), 'questions')
end
