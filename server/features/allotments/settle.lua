-- Says which sale took units that were sent to the room; if none did, none ever will.
-- keys: room transfers
-- uses: room
-- durable: yes
-- args: transfer
-- returns: {sale}, '' if no sale will ever take them; refuses not_found
-- holds: a transfer is taken once or refused for ever, whoever asks first; asking twice is asking once.

if not room_phase() then
  return no_room()
end
redis.call('HSETNX', K.transfers, A.transfer, '')
return done({ sale = redis.call('HGET', K.transfers, A.transfer) })
