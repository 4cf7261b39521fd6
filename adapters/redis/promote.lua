-- promote.lua - makes due tasks ready, and forgets what is over.
--
-- KEYS: the queue's. ARGV: now, limit.
--
-- Answers how many were moved, fewer than are due where they are large, and
-- when the next is due as text ('' if there is none). Times are compared with
-- the caller's now, never the server's.

local now, limit = ARGV[1], tonumber(ARGV[2])
local FIRST_PART, BYTES_MAX = 2, 262144

local function due_in(zset, ...)
    return redis.call('ZRANGEBYSCORE', zset, '-inf', now, ...)
end

-- The first n ids that are due in any of both, by (run_at, id), and how many of
-- each.
local function due_in_both(n)
    local s = due_in(SCHEDULED, 'WITHSCORES', 'LIMIT', 0, n)
    local r = due_in(RETRY, 'WITHSCORES', 'LIMIT', 0, n)
    local ids, i, j = {}, 1, 1
    while #ids < n and (s[i] or r[j]) do
        local a, b = tonumber(s[i + 1]), tonumber(r[j + 1])
        if not b or (a and (a < b or (a == b and s[i] < r[j]))) then
            ids[#ids + 1] = s[i]
            i = i + 2
        else
            ids[#ids + 1] = r[j]
            j = j + 2
        end
    end
    return ids, (i - 1) / 2, (j - 1) / 2
end

-- The same. One zset alone comes in order, and without its times, which cost
-- more than the ids.
local function due(n)
    local scheduled = due_in(SCHEDULED, 'LIMIT', 0, n)
    local retry = due_in(RETRY, 'LIMIT', 0, n)
    if #scheduled > 0 and #retry > 0 then
        return due_in_both(n)
    end
    return #retry == 0 and scheduled or retry, #scheduled, #retry
end

local function drop_first(zset, n)
    if n > 0 then
        redis.call('ZREMRANGEBYRANK', zset, 0, n - 1)
    end
end

-- Adds those of which there is a body that can be read. How many they are, and
-- their bytes. Any other waits no more, so that it holds up nobody, and its
-- body is left for the scrubber to find.
local function add_all(ids, bodies)
    local moved, pointers, n, bytes = {}, {}, 0, 0
    for i, id in ipairs(ids) do
        local is_good, stream, entry = pcall(add_body, id, bodies[i])
        if is_good then
            n = n + 1
            moved[n] = id
            pointers[2 * n - 1], pointers[2 * n] = id, stream .. ' ' .. entry
            bytes = bytes + #bodies[i]
        end
    end
    if n > 0 then
        redis.call('HSET', POINTERS, unpack(pointers))
        redis.call('HDEL', BODIES, unpack(moved))
    end
    return n, bytes
end

-- In parts, each larger than the one before, until there were enough bytes:
-- how large a body is can't be told before it is read, and a few hundred of the
-- largest would hold up the server for seconds. What is due is taken out of
-- where it waits before anything is added, so that it works at maxmemory too.
local function promote()
    local taken, moved, bytes, part = 0, 0, 0, FIRST_PART
    while taken < limit and bytes < BYTES_MAX do
        local ids, scheduled, retry = due(math.min(part, limit - taken))
        if #ids == 0 then
            break
        end
        local bodies = redis.call('HMGET', BODIES, unpack(ids))
        drop_first(SCHEDULED, scheduled)
        drop_first(RETRY, retry)
        local n, more = add_all(ids, bodies)
        taken, moved, bytes = taken + #ids, moved + n, bytes + more
        part = 4 * part
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

local moved = promote()
forget_done()
end_windows()

local next_due = ''
for _, zset in ipairs({SCHEDULED, RETRY}) do
    local head = redis.call('ZRANGE', zset, 0, 0, 'WITHSCORES')
    if #head > 0 and
        (next_due == '' or tonumber(head[2]) < tonumber(next_due))
    then
        next_due = head[2]
    end
end
return {moved, next_due}
