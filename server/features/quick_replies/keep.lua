-- Reads the saved answers of a host, after one was saved, changed or removed.
-- of: host
-- keys: quick_replies
-- args: reply? text?('' = remove it) is_new? replies_max
-- returns: {replies({reply text}, in the order they were saved) full? missing?}
-- holds: at most replies_max answers; a changed one keeps its place; a text is saved once.

local all = {}
local flat = redis.call('HGETALL', K.quick_replies)
for i = 1, #flat, 2 do
  all[#all + 1] = cmsgpack.unpack(flat[i + 1])
end
table.sort(all, function(a, b)
  return a.n < b.n or (a.n == b.n and a.reply < b.reply)
end)

local function view(full, missing)
  local replies = {}
  for i, each in ipairs(all) do
    replies[i] = { reply = each.reply, text = each.text }
  end
  return cmsgpack.pack({ replies = replies, full = full, missing = missing })
end

if not A.reply then
  return view(false, false)
end
local raw = redis.call('HGET', K.quick_replies, A.reply)
if A.text == '' then
  redis.call('HDEL', K.quick_replies, A.reply)
  for i = #all, 1, -1 do
    if all[i].reply == A.reply then
      table.remove(all, i)
    end
  end
  return view(false, false)
end
if not A.is_new and not raw then
  return view(false, true)
end
for _, each in ipairs(all) do
  if A.is_new and each.text == A.text then
    return view(false, false)
  end
end
if A.is_new and #all >= A.replies_max then
  return view(true, false)
end
local value = { reply = A.reply, text = A.text, n = raw and cmsgpack.unpack(raw).n
  or (#all > 0 and all[#all].n + 1 or 1) }
redis.call('HSET', K.quick_replies, A.reply, cmsgpack.pack(value))
if raw then
  for _, each in ipairs(all) do
    if each.reply == A.reply then
      each.text = A.text
    end
  end
else
  all[#all + 1] = value
end
return view(false, false)
