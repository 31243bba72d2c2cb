-- Stores the first steps of announcing a start, or that there is none: see announce_due. Of a draft and
-- of a practice nobody is told. The places of a cancelled room are given back.
-- keys: room events announcing reserved called_off ledger stats
-- uses: ledger

if phase == 'live' or cancelled then
  local at_room = redis.call('HMGET', K.room, 'draft', 'practice', 'title', 'scheduled', 'cancel_reason')
  local is_told = at_room[1] ~= '1' and at_room[2] ~= '1'
  if is_told then
    redis.call('ZADD', K.announcing, int(at), 'signal:0', int(at), 'reserved:0:', int(at), 'follow:0:')
  end
  if cancelled then
    local places = redis.call('HLEN', K.reserved)
    if places > 0 then
      -- Who had a place is kept until everybody has been told.
      redis.call('RENAME', K.reserved, K.called_off)
      redis.call('HSET', K.room, 'reserved', 0)
      mention({ t = 'reserved', total = 0 })
    end
    if is_told then
      log({ k = 'cancelled', at = at, by = A.by, room = A.room, title = at_room[3],
        scheduled = tonumber(at_room[4]) or 0, reason = at_room[5] or '', reserved = places })
      write_ledger()
    else
      redis.call('DEL', K.called_off)
    end
  end
end
