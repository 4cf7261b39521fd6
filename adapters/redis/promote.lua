-- promote.lua - makes due tasks ready, and forgets what is over.
--
-- KEYS: the queue's. ARGV: now, limit (0: only look).
--
-- Answers how many were moved, and when the next is due as text ('' if there
-- is none). Times are compared with the caller's now, never the server's.

local now, limit = ARGV[1], tonumber(ARGV[2])

-- The due tasks of both, by (run_at, id): each comes sorted so.
local function due()
    local all = {}
    for _, zset in ipairs({SCHEDULED, RETRY}) do
        local found = redis.call('ZRANGEBYSCORE', zset, '-inf', now,
            'WITHSCORES', 'LIMIT', 0, limit)
        for i = 1, #found, 2 do
            all[#all + 1] = {zset, found[i], tonumber(found[i + 1])}
        end
    end
    table.sort(all, function(x, y)
        return x[3] < y[3] or (x[3] == y[3] and x[2] < y[2])
    end)
    return all
end

local function promote()
    local moved = 0
    for _, item in ipairs(due()) do
        if moved == limit then
            break
        end
        if make_ready(item[1], item[2]) then
            moved = moved + 1
        end
    end
    return moved
end

local function forget_done()
    local over = redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', now, 'LIMIT', 0,
        limit)
    if #over > 0 then
        redis.call('ZREM', EXPIRY, unpack(over))
        redis.call('ZREM', DONE, unpack(over))
        redis.call('HDEL', BODIES, unpack(over))
    end
end

local function end_windows()
    local over = redis.call('ZRANGEBYSCORE', WINDOWS, '-inf', now, 'LIMIT', 0,
        limit)
    for _, key in ipairs(over) do
        redis.call('ZREM', WINDOWS, key)
        if not holder_of(key, tonumber(now)) then
            redis.call('HDEL', HELD, key)
        end
    end
end

local moved = 0
if limit > 0 then
    moved = promote()
    forget_done()
    end_windows()
end

-- A look answers what there is to do, also where no task is due.
local heads = {SCHEDULED, RETRY}
if limit == 0 then
    heads = {SCHEDULED, RETRY, EXPIRY, WINDOWS}
end
local next_due, soonest = '', ''
for i, zset in ipairs(heads) do
    local head = redis.call('ZRANGE', zset, 0, 0, 'WITHSCORES')
    if #head > 0 then
        if i <= 2 and (next_due == '' or tonumber(head[2]) < tonumber(next_due))
        then
            next_due = head[2]
        end
        if soonest == '' or tonumber(head[2]) < tonumber(soonest) then
            soonest = head[2]
        end
    end
end
return {moved, next_due, soonest}
