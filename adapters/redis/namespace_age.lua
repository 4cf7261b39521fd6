-- namespace_age.lua - lets time pass for the leases of a whole namespace.
--
-- ARGV: the namespace, the milliseconds that every lease gets older by.
--
-- For simulations and tests: a lease ends by the server's count of how long
-- its entry has been idle, which nobody can wait for. XCLAIM sets that count;
-- JUSTID leaves the count of deliveries as it is. It makes up its keys from
-- the names of the queues, so it is not for a cluster.

local namespace, older = ARGV[1], tonumber(ARGV[2])
local PAGE = 100

local function age_group(key, group)
    local from = '-'
    repeat
        local page = redis.call('XPENDING', key, group, from, '+', PAGE)
        for _, pending in ipairs(page) do
            local id, consumer, idle = pending[1], pending[2], pending[3]
            redis.call('XCLAIM', key, group, consumer, 0, id, 'IDLE',
                string.format('%.0f', idle + older), 'JUSTID')
            from = '(' .. id
        end
    until #page < PAGE
end

for _, queue in ipairs(redis.call('SMEMBERS', namespace .. ':queues')) do
    for _, stream in ipairs({'ready:high', 'ready:normal', 'ready:low',
        'taken'}) do
        local key = '{' .. namespace .. ':' .. queue .. '}:' .. stream
        if redis.call('EXISTS', key) == 1 then
            for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
                age_group(key, group[2]) -- {'name', NAME, ...}
            end
        end
    end
end
return 0
