-- requeue.lua - makes a dead task ready again.
--
-- KEYS: the queue's.
-- ARGV: now, the id, the entry it has in `dead`, the stream it goes to, its
-- key ('' for none) and until when it holds it, type, payload, x.
--
-- Answers 1, 0 if it is not dead in that entry any more, or the id of another
-- task, which holds its key. The first write frees memory.

local now, id, entry, stream = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local key, til, type, payload, x = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]

if redis.call('HGET', DEADINDEX, id) ~= entry then
    return 0
end
local holder = key ~= '' and holder_of(key, now)
if holder and holder ~= id then
    return holder
end

redis.call('XDEL', DEAD, entry)
redis.call('HDEL', DEADINDEX, id)
if key ~= '' and (til == '0' or tonumber(til) > now) then
    hold_key(key, id, til)
end
point(id, stream, add_task(STREAM[stream], entry, id, type, payload, x))
return 1
