-- Prelude: who runs a room, and who helps to. Comes after room; expects K.room K.moderators. `role` is the
-- role that somebody's token gives them in this room; the room's own moderators have that of a viewer.

local MODERATES, HOSTS = { moderator = true, host = true, admin = true }, { host = true, admin = true }
local moderators, host_here   -- read once for a batch

-- Whether somebody may do what moderators may: by their token, or because the host made them one here.
local function moderates(user, role)
  if MODERATES[role] then
    return true
  end
  if not moderators then
    moderators = {}
    for _, each in ipairs(redis.call('HKEYS', K.moderators)) do
      moderators[each] = true
    end
  end
  return moderators[user] == true
end

-- Whether somebody may do what the host may: the host, whatever their token, an admin, another server.
local function may_host(user, role)
  host_here = host_here or redis.call('HGET', K.room, 'host')
  return HOSTS[role] == true or user == host_here
end
