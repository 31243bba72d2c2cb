-- Prelude: the lines on the host's screen. Comes after room; expects K.prompts.

local function prompt_views()
  local views = {}
  for _, raw in ipairs(redis.call('LRANGE', K.prompts, 0, -1)) do
    views[#views + 1] = readable('a prompt', cmsgpack.unpack, raw)
  end
  return views
end

local function tell_prompts()
  mention_staff({ t = 'prompts', prompts = prompt_views() })
end
