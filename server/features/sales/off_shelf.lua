-- A product has left the shelf: its standing sale is over. The sweeper closes it.
-- keys: due standing

local standing = redis.call('HGET', K.standing, sku)
if standing then
  redis.call('ZADD', K.due, int(now_ms()), standing .. ':end')
end
