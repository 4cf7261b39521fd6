-- promote.lua - makes due tasks ready, and forgets what is over.
--
-- KEYS: the queue's. ARGV: now, limit (0: only look).
--
-- Answers how many were moved, and when the next is due as text ('' if there
-- is none). Times are compared with the caller's now, never the server's.

local now, limit = ARGV[1], tonumber(ARGV[2])

-- Up to `limit` ids that are due, by (run_at, id), and which zset each is in.
-- One zset alone comes sorted so.
local function due()
    local all, count = {}, 0
    for _, zset in ipairs({SCHEDULED, RETRY}) do
        local found = redis.call('ZRANGEBYSCORE', zset, '-inf', now,
            'WITHSCORES', 'LIMIT', 0, limit)
        count = count + (#found > 0 and 1 or 0)
        for i = 1, #found, 2 do
            all[#all + 1] = {zset, found[i], tonumber(found[i + 1])}
        end
    end
    if count > 1 then
        table.sort(all, function(x, y)
            return x[3] < y[3] or (x[3] == y[3] and x[2] < y[2])
        end)
    end
    local ids, zsets = {}, {}
    for i = 1, math.min(#all, limit) do
        ids[i], zsets[i] = all[i][2], all[i][1]
    end
    return ids, zsets
end

-- Takes ids out of where they wait: before anything is added, so that it works
-- at maxmemory too. Their bodies.
local function take_out(ids, zsets)
    local of = {[SCHEDULED] = {}, [RETRY] = {}}
    for i, id in ipairs(ids) do
        table.insert(of[zsets[i]], id)
    end
    local bodies = redis.call('HMGET', BODIES, unpack(ids))
    for zset, waiting in pairs(of) do
        if #waiting > 0 then
            redis.call('ZREM', zset, unpack(waiting))
        end
    end
    redis.call('HDEL', BODIES, unpack(ids))
    return bodies
end

local function promote()
    local ids, zsets = due()
    if #ids == 0 then
        return 0
    end
    local pointers = {}
    for i, body in ipairs(take_out(ids, zsets)) do
        if body then -- else there is nothing left of it
            local stream, entry = add_body(ids[i], body)
            pointers[#pointers + 1] = ids[i]
            pointers[#pointers + 1] = stream .. ' ' .. entry
        end
    end
    if #pointers > 0 then
        redis.call('HSET', POINTERS, unpack(pointers))
    end
    return #pointers / 2
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
