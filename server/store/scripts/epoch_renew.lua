-- Starts a new epoch if Redis is behind what a worker's viewers have already seen, or tells it otherwise.
-- keys: room
-- uses: room
-- args: epoch seq sub (where the worker stands) forked? (up to there the worker was told other
-- events than Redis has) fresh (a new random epoch)
-- returns: {epoch, seq, sub} as stored now; refuses not_found
-- holds: within one epoch a seq stands for one event. If several workers notice, the first one's
-- `fresh` wins and the others get it back, since their epoch is then no longer the stored one.

if not room_phase() then
  return no_room()
end
local at = redis.call('HMGET', K.room, 'epoch', 'seq', 'sub')
local epoch, room_seq, room_sub = at[1], tonumber(at[2]), tonumber(at[3])
local behind = room_seq < A.seq or (room_seq == A.seq and room_sub < A.sub)
if (behind or A.forked) and epoch == A.epoch then
  epoch = A.fresh
  redis.call('HSET', K.room, 'epoch', epoch)
end
return done({ epoch = epoch, seq = room_seq, sub = room_sub })
