-- stats.lua - how many tasks of a queue are in each state. Nothing is counted
-- here: each number is one that the server keeps.
--
-- KEYS: the queue's.
--
-- Answers the numbers in the order of enum task_state, then the totals of done
-- and failed, then the entry of each stream's first ready task ('' for none).

local ready, active, first = 0, redis.call('XLEN', STREAM.taken), {}
for i, stream in ipairs({'high', 'normal', 'low'}) do
    local key = STREAM[stream]
    local delivered, pending = delivered_in(key)
    local next = redis.call('XRANGE', key, '(' .. delivered, '+', 'COUNT', 1)
    ready = ready + redis.call('XLEN', key) - pending
    active = active + pending
    first[i] = next[1] and next[1][1] or ''
end

local totals = redis.call('HMGET', COUNTERS, 'done', 'failed')
return {
    redis.call('ZCARD', SCHEDULED), ready, active, redis.call('ZCARD', RETRY),
    redis.call('ZCARD', DONE), redis.call('XLEN', DEAD),
    tonumber(totals[1] or 0), tonumber(totals[2] or 0),
    first[1], first[2], first[3],
}
