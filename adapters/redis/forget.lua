-- forget.lua - forgets the consumers of a wake stream that were not heard of
-- for long: workers that were killed. What they held were notes, not tasks.
--
-- KEYS: the stream. ARGV: for how many ms.

local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], 'millrace')
for _, consumer in ipairs(consumers) do
    local info = {}
    for i = 1, #consumer, 2 do
        info[consumer[i]] = consumer[i + 1]
    end
    if info.idle >= tonumber(ARGV[1]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], 'millrace', info.name)
    end
end
return redis.status_reply('OK')
