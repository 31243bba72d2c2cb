-- After the end nobody has to be slow any more.
-- keys: spoke

if phase == 'ended' then
  redis.call('DEL', K.spoke)
end
