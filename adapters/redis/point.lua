-- point.lua - sets pointers to entries that landed far from their id's time
-- (a producer whose clock is off), unless they are gone already.
--
-- KEYS: the queue's. ARGV: for each its id, stream and entry.

for i = 1, #ARGV, 3 do
    local id, stream, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    if #redis.call('XRANGE', STREAM[stream], entry, entry) > 0 then
        point(id, stream, entry)
    end
end
return redis.status_reply('OK')
