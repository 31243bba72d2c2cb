-- A stream that ends has no prompts any more.
-- keys: prompts

if phase == 'ended' and redis.call('DEL', K.prompts) == 1 then
  mention_staff({ t = 'prompts', prompts = {} })
end
