-- scrub.lua - looks for what a sound queue never has, and repairs it.
--
-- KEYS: the queue's.
-- ARGV: 'examine', where to go on ("1:0" for the start), how many items, how
-- long the server has been up in ms, how long after its end a lease is stale;
-- or 'repair', the check, its subject, now.
--
-- To examine answers where to go on ('' for the end) and a list of flaws
-- {check, subject, worker of a lease or ''}; to repair 1, or 0 if it is no
-- flaw (any more). Both ask the same functions, and each runs in one instant.

local CONSUMER_MS = 86400000 -- idle for so long without tasks: nobody's

-- check -> function(subject, is_to_be_sure): is it wrong?
local wrong = {}
-- check -> function(subject, now): puts it right. What it may do:
-- usecase/scrub_port.h
local fix = {}

local function waits(id)
    return redis.call('ZSCORE', SCHEDULED, id) or
        redis.call('ZSCORE', RETRY, id)
end

local function has_body(id)
    return redis.call('HEXISTS', BODIES, id) == 1
end

-- The task there. What is none, or can't be read, stray_walk.lua tells.
local function item_at(key, entry)
    local page = key and entry and redis.pcall('XRANGE', key, entry, entry)
    local item = page and not page.err and page[1]
    local flat = item and item[2] or {}
    local x = flat[8] or '1'
    return flat[1] == 'id' and #flat[2] == 26 and flat[3] == 'type' and
        flat[5] == 'payload' and (x == '1' or x:sub(1, 2) == '1 ') and item or
        nil
end

-- The time in an id.
local function ms_of(id)
    local digits, ms = '0123456789ABCDEFGHJKMNPQRSTVWXYZ', 0
    for digit in id:sub(1, 10):gmatch('.') do
        ms = ms * 32 + (digits:find(digit, 1, true) or 1) - 1
    end
    return ms
end

local function x_of_body(id)
    local body = redis.call('HGET', BODIES, id)
    local is_good, _, _, x = pcall(body_parts, body or '')
    return is_good and x or ''
end

local function keep_until_end(id, finished, x)
    redis.call('ZADD', EXPIRY, string.format('%.0f',
        finished + (item_in_x(x, 'keep') or 0)), id)
end

-- The stream and entry of a subject "STREAM ENTRY"; also "STREAM CONSUMER".
local function parts_of(subject)
    local stream, rest = subject:match('^(%a+) (.+)$')
    return stream, rest
end

-- Whether a pointer leads to its task.
local function leads_to(id, pointer)
    local stream, entry = parts_of(pointer)
    local item = stream and STREAM[stream] and item_at(STREAM[stream], entry)
    return item and item[2][2] == id
end

local function is_dead(id)
    local entry = redis.call('HGET', DEADINDEX, id)
    local item = entry and item_at(DEAD, entry)
    return item and item[2][2] == id
end

-- Whether a ready or active task is there, wherever a pointer says.
local function is_in_stream(id)
    local pointer = redis.call('HGET', POINTERS, id)
    local ms = ms_of(id)
    return (pointer and leads_to(id, pointer)) or
        search(id, ms - NEAR_MS, ms + NEAR_MS)
end

wrong['task bodies'] = function(id)
    return waits(id) and not has_body(id)
end

wrong['result bodies'] = function(id)
    return redis.call('ZSCORE', DONE, id) and not has_body(id)
end

fix['result bodies'] = function(id)
    redis.call('ZREM', DONE, id)
    redis.call('ZREM', EXPIRY, id)
end

wrong['orphan bodies'] = function(id)
    return has_body(id) and not waits(id) and not redis.call('ZSCORE', DONE, id)
end

-- A task that has a place beyond doubt needs no second one; one whose record
-- says that it has finished is done; any other waits again for its time.
fix['orphan bodies'] = function(id, now)
    local x = x_of_body(id)
    local finished = item_in_x(x, 'fin')
    if is_dead(id) or is_in_stream(id) then
        redis.call('HDEL', BODIES, id)
    elseif finished then
        redis.call('ZADD', DONE, finished, id)
        keep_until_end(id, finished, x)
    else
        redis.call('ZADD', item_in_x(x, 'att') and RETRY or SCHEDULED,
            item_in_x(x, 'run') or now, id)
        wake()
    end
end

wrong['expiry'] = function(id)
    local is_done = redis.call('ZSCORE', DONE, id) and true or false
    return is_done ~= (redis.call('ZSCORE', EXPIRY, id) and true or false)
end

fix['expiry'] = function(id)
    local finished = redis.call('ZSCORE', DONE, id)
    if finished then
        keep_until_end(id, finished, x_of_body(id))
    else
        redis.call('ZREM', EXPIRY, id)
    end
end

wrong['dead index'] = function(id)
    return redis.call('HEXISTS', DEADINDEX, id) == 1 and not is_dead(id)
end

fix['dead index'] = function(id)
    redis.call('HDEL', DEADINDEX, id)
end

wrong['dead letters'] = function(entry)
    local item = item_at(DEAD, entry)
    return item and redis.call('HEXISTS', DEADINDEX, item[2][2]) == 0
end

fix['dead letters'] = function(entry)
    redis.call('HSET', DEADINDEX, item_at(DEAD, entry)[2][2], entry)
end

wrong['ghosts'] = function(subject)
    local stream, entry = parts_of(subject)
    local key = STREAM[stream]
    if not item_at(key, entry) or is_pending(key, entry) then
        return false
    end
    local delivered = delivered_in(key)
    return stream == 'taken' or not is_entry_after(entry, delivered)
end

-- Nobody knows whether it ran: unless it is known elsewhere, it runs again.
fix['ghosts'] = function(subject)
    local stream, entry = parts_of(subject)
    local task, flat = {}, item_at(STREAM[stream], entry)[2]
    for i = 1, #flat, 2 do
        task[flat[i]] = flat[i + 1]
    end
    redis.call('XDEL', STREAM[stream], entry)
    if redis.call('ZSCORE', DONE, task.id) or is_dead(task.id) or
        (waits(task.id) and has_body(task.id)) or is_in_stream(task.id)
    then
        return
    end
    local _, priority, rest = x_head(task.x or '')
    local to = stream == 'taken' and PRIORITY[priority] or stream
    -- In `taken` x has a pointer already, and the priority, which comes first.
    local mark = stream == 'taken' and '' or ' ptr=1'
    local x = '1 last=' .. entry .. mark .. rest
    point(task.id, to, add_task(STREAM[to], entry, task.id, task.type,
        task.payload, x))
end

wrong['pending entries'] = function(subject)
    local stream, entry = parts_of(subject)
    return STREAM[stream] and is_pending(STREAM[stream], entry) and
        #redis.call('XRANGE', STREAM[stream], entry, entry) == 0
end

fix['pending entries'] = function(subject)
    local stream, entry = parts_of(subject)
    redis.call('XACK', STREAM[stream], GROUP, entry)
end

local function held_by(key)
    local held = redis.call('HGET', HELD, key)
    if not held then
        return nil, nil
    end
    local id, til = held:match('^(%S+) (%d+)$')
    return id or '', til or '0'
end

-- Holders have a pointer while they are ready or active. To be sure, they are
-- looked for where their time says too, which takes longer.
wrong['keys'] = function(key, is_to_be_sure)
    local id, til = held_by(key)
    if not id or til ~= '0' or waits(id) then
        return false
    end
    if is_to_be_sure then
        return not is_in_stream(id)
    end
    local pointer = redis.call('HGET', POINTERS, id)
    return not (pointer and leads_to(id, pointer))
end

fix['keys'] = function(key)
    redis.call('HDEL', HELD, key)
    redis.call('ZREM', WINDOWS, key)
end

wrong['key windows'] = function(key)
    local _, til = held_by(key)
    local window = redis.call('ZSCORE', WINDOWS, key)
    if til and til ~= '0' then
        return not window or tonumber(window) ~= tonumber(til)
    end
    return window and true or false
end

fix['key windows'] = function(key)
    local _, til = held_by(key)
    if til and til ~= '0' then
        redis.call('ZADD', WINDOWS, til, key)
    else
        redis.call('ZREM', WINDOWS, key)
    end
end

wrong['pointers'] = function(id)
    local pointer = redis.call('HGET', POINTERS, id)
    return pointer and not leads_to(id, pointer)
end

fix['pointers'] = function(id)
    redis.call('HDEL', POINTERS, id)
end

local function consumers_of(stream)
    local list = {}
    local found = STREAM[stream] and
        redis.pcall('XINFO', 'CONSUMERS', STREAM[stream], GROUP)
    for _, flat in ipairs(found or {}) do
        local consumer = {}
        for i = 1, #flat, 2 do
            consumer[flat[i]] = flat[i + 1]
        end
        list[#list + 1] = consumer
    end
    return list
end

local function is_ghost_consumer(consumer)
    local lease = tonumber(consumer.name:match('^(%d+)/'))
    return consumer.pending == 0 and
        (not lease or consumer.idle >= math.max(lease, CONSUMER_MS))
end

wrong['consumers'] = function(subject)
    local stream, name = parts_of(subject)
    for _, consumer in ipairs(consumers_of(stream)) do
        if consumer.name == name then
            return is_ghost_consumer(consumer)
        end
    end
    return false
end

fix['consumers'] = function(subject)
    local stream, name = parts_of(subject)
    redis.call('XGROUP', 'DELCONSUMER', STREAM[stream], GROUP, name)
end

-- The walk.

local seen, flaws = 0, {}
local count, uptime, stale_ms

local function report(check, subject, worker)
    flaws[#flaws + 1] = {check, subject, worker or ''}
end

-- The first of the checks that a subject fails.
local function judge(checks, subject)
    for _, check in ipairs(checks) do
        if wrong[check](subject) then
            report(check, subject)
            return
        end
    end
end

-- A phase over one collection, of which it may leave out what is not wanted.
local function scan(command, key, checks, is_wanted)
    return function(position)
        local page = redis.call(command, key, position, 'COUNT', count - seen)
        seen = seen + 1 + #page[2] / 2 -- an empty page is work too
        for i = 1, #page[2], 2 do
            if not is_wanted or is_wanted(page[2][i]) then
                judge(checks, page[2][i])
            end
        end
        return page[1] == '0' and '' or page[1]
    end
end

local function walk_dead(position)
    local wanted = count - seen
    local page = redis.call('XRANGE', DEAD, '(' .. position, '+', 'COUNT',
        wanted)
    seen = seen + #page
    for _, item in ipairs(page) do
        judge({'dead letters'}, item[1])
    end
    return #page < wanted and '' or page[#page][1]
end

-- What was delivered, which is all that can be a ghost.
local function walk_delivered(stream)
    return function(position)
        local wanted = count - seen
        local to = stream == 'taken' and '+' or delivered_in(STREAM[stream])
        local page = redis.call('XRANGE', STREAM[stream], '(' .. position, to,
            'COUNT', wanted)
        seen = seen + #page
        for _, item in ipairs(page) do
            judge({'ghosts'}, stream .. ' ' .. item[1])
        end
        return #page < wanted and '' or page[#page][1]
    end
end

-- A lease of a consumer without a length in its name never ends.
local function judge_lease(stream, item)
    local subject = stream .. ' ' .. item[1]
    local lease, worker = item[2]:match('^(%d+)/(.*)$')
    local length = tonumber(lease or 0)
    seen = seen + 1
    if wrong['pending entries'](subject) then
        report('pending entries', subject)
    elseif item[3] >= length + stale_ms and uptime >= 2 * length then
        report('stale leases', subject)
    else
        report('silent workers', subject, worker or item[2])
    end
end

local function walk_pending(stream)
    return function(position)
        local wanted = count - seen
        local page = redis.pcall('XPENDING', STREAM[stream], GROUP,
            '(' .. position, '+', wanted)
        if page.err then -- no such group
            return ''
        end
        for _, item in ipairs(page) do
            judge_lease(stream, item)
        end
        return #page < wanted and '' or page[#page][1]
    end
end

local function walk_consumers()
    for stream in pairs(STREAM) do
        for _, consumer in ipairs(consumers_of(stream)) do
            seen = seen + 1
            if is_ghost_consumer(consumer) then
                report('consumers', stream .. ' ' .. consumer.name)
            end
        end
    end
    return ''
end

local phases = {
    scan('ZSCAN', SCHEDULED, {'task bodies'}),
    scan('ZSCAN', RETRY, {'task bodies'}),
    scan('ZSCAN', DONE, {'result bodies', 'expiry'}),
    scan('ZSCAN', EXPIRY, {'expiry'}),
    scan('HSCAN', BODIES, {'orphan bodies'}),
    scan('HSCAN', DEADINDEX, {'dead index'}),
    walk_dead,
    walk_delivered('high'),
    walk_delivered('normal'),
    walk_delivered('low'),
    walk_delivered('taken'),
    walk_pending('high'),
    walk_pending('normal'),
    walk_pending('low'),
    walk_pending('taken'),
    scan('HSCAN', HELD, {'keys', 'key windows'}),
    scan('ZSCAN', WINDOWS, {'key windows'}, function(key)
        return redis.call('HEXISTS', HELD, key) == 0 -- else it was seen
    end),
    scan('HSCAN', POINTERS, {'pointers'}),
    walk_consumers,
}

if ARGV[1] == 'examine' then
    count, uptime, stale_ms =
        tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
    local to = walk(phases, ARGV[2], function()
        return seen >= count
    end)
    return {to, flaws}
end
if not wrong[ARGV[2]](ARGV[3], true) then
    return 0
end
fix[ARGV[2]](ARGV[3], ARGV[4])
return 1
