-- Reads the lines on the host's screen.
-- keys: room prompts
-- uses: room prompts
-- args: none
-- returns: {prompts(messages.Prompt, the newest last)}; refuses not_found
-- holds: changes nothing.

if not room_phase() then
  return no_room()
end
return done({ prompts = prompt_views() })
