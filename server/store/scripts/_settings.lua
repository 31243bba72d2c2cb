-- Prelude of the scripts that change the room's own settings. Comes after room; expects K.room.

-- Sends the room's own settings as they are after this script's writes (shape.RoomSettings).
local function tell_settings()
  local event = { t = 'room' }
  for name, kind in pairs(TOLD_FIELDS) do
    local value = redis.call('HGET', K.room, name)
    if kind == true then
      event[name] = value == '1'
    elseif kind == 'int' then
      event[name] = tonumber(value)
    else
      event[name] = value or ''
    end
  end
  tell_room(event)
end
