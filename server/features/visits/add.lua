-- Notes who came to a room on one worker and who left it: a fact of its timeline.
-- keys: room timeline actions
-- uses: room timeline
-- args: worker(of this one life) came=[{user conn ago(ms) source? guest?}] left=[{conn ago(ms)}]
-- returns: {}; refuses not_found
-- holds: times are by the clock of Redis; a fact without arrivals says that the worker lives.

if not room_phase() then
  return no_room()
end
local now = now_ms()
for _, visits in ipairs({ A.came, A.left }) do
  for _, visit in ipairs(visits) do
    visit.at, visit.ago = now - visit.ago, nil
  end
end
record({ k = 'visits', at = now, worker = A.worker, came = A.came, left = A.left })
return done({})
