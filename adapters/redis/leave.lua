-- leave.lua - forgets a consumer, unless it still holds something: DELCONSUMER
-- would destroy that.
--
-- KEYS: streams. ARGV: the consumer.

for _, key in ipairs(KEYS) do
    local consumers = redis.pcall('XINFO', 'CONSUMERS', key, 'millrace')
    for _, consumer in ipairs(consumers) do
        local name, pending
        for i = 1, #consumer, 2 do
            if consumer[i] == 'name' then
                name = consumer[i + 1]
            elseif consumer[i] == 'pending' then
                pending = consumer[i + 1]
            end
        end
        if name == ARGV[1] and pending == 0 then
            redis.call('XGROUP', 'DELCONSUMER', key, 'millrace', name)
        end
    end
end
return redis.status_reply('OK')
