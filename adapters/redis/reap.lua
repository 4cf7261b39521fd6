-- reap.lua - takes leases that have ended away from their workers.
--
-- KEYS: the queue's.
-- ARGV: the taker (LEASE_MS/WORKER), how many at most, how long the server has
-- been up in ms, after how many idle ms a consumer without tasks is forgotten,
-- how many bytes the taker has room for (the first is taken in any case if the
-- last argument is 1).
--
-- What is taken moves to `taken` as the taker's lease, and the entry it had is
-- deleted: the old token is dead in that instant. A lease is judged by the
-- length in its own consumer's name, and never ends within one lease of the
-- server's start, since an outage is nobody's crash. An entry that is no task
-- is handed over as it is, for the taker to deal with.
--
-- Answers a list of {entry, delivery count, stream}, entries as XRANGE gives
-- them. The count goes on to tell when the lease began (see redis_keys.h).

local taker, max, uptime = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local forget_after, room = tonumber(ARGV[4]), tonumber(ARGV[5])
local OVERHEAD = 256 -- bytes of a task beyond those of its fields
local taken = {}
local is_full = false
local has_group = false -- the stream `taken`, for all we know

local function fields_of(flat)
    local map = {}
    for i = 1, #flat, 2 do
        map[flat[i]] = flat[i + 1]
    end
    return map
end

-- x with what the stream said so far, and that there is a pointer.
local function x_moved(x, stream)
    local last, _, rest = x_head(x)
    local head = last == '' and '1' or '1 last=' .. last
    if stream ~= 'taken' then
        local number = {high = ' pri=0', normal = ' pri=1', low = ' pri=2'}
        head = head .. number[stream]
    end
    return head .. ' ptr=1' .. rest
end

-- Whether there is room for a task; then it is used up.
local function fits(flat)
    room = room - OVERHEAD
    for _, part in ipairs(flat) do
        room = room - #part
    end
    return room >= 0 or (#taken == 0 and ARGV[6] == '1')
end

local function is_task(task)
    local x = task.x or ''
    return task.id and task.type and task.payload and
        (x == '' or x == '1' or x:sub(1, 2) == '1 ')
end

local function take(stream, entry, deliveries)
    local found = redis.call('XRANGE', STREAM[stream], entry, entry)[1]
    if not found then -- deleted by hand: nothing is left to run
        redis.call('XACK', STREAM[stream], GROUP, entry)
        return
    end
    if not fits(found[2]) then
        is_full = true
        return
    end
    local task = fields_of(found[2])
    if not is_task(task) then
        taken[#taken + 1] = {found, deliveries, stream}
        return
    end
    local x = x_moved(task.x or '', stream)
    redis.call('XACK', STREAM[stream], GROUP, entry)
    redis.call('XDEL', STREAM[stream], entry)
    local new = add_task(STREAM.taken, entry, task.id, task.type, task.payload,
        x)
    if not has_group then
        redis.pcall('XGROUP', 'CREATE', STREAM.taken, GROUP, 0)
        has_group = true -- or it was there, which is an error
    end
    redis.call('XCLAIM', STREAM.taken, GROUP, taker, 0, new, 'RETRYCOUNT',
        string.format('%.0f', deliveries), 'FORCE', 'JUSTID', 'LASTID', new)
    point(task.id, 'taken', new)
    taken[#taken + 1] = {
        {new, {'id', task.id, 'type', task.type, 'payload', task.payload,
            'x', x}},
        deliveries, 'taken',
    }
end

local function reap(stream, consumer)
    local lease = tonumber(consumer.name:match('^(%d+)/'))
    if not lease then
        return
    end
    if consumer.pending == 0 then
        if consumer.idle >= math.max(forget_after, lease) then
            redis.call('XGROUP', 'DELCONSUMER', STREAM[stream], GROUP,
                consumer.name)
        end
    elseif lease <= uptime and #taken < max and not is_full then
        local ended = redis.call('XPENDING', STREAM[stream], GROUP, 'IDLE',
            string.format('%.0f', lease), '-', '+', max - #taken,
            consumer.name)
        for _, item in ipairs(ended) do
            take(stream, item[1], item[4] + 2 * item[3])
        end
    end
end

for _, stream in ipairs({'high', 'normal', 'low', 'taken'}) do
    local consumers = redis.pcall('XINFO', 'CONSUMERS', STREAM[stream], GROUP)
    for _, consumer in ipairs(consumers) do
        reap(stream, fields_of(consumer))
    end
end
return taken
