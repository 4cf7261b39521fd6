-- common.lua - stands in front of the scripts that move tasks about.
--
-- KEYS are the keys of one queue, always the same ones in the same order
-- (enum redis_queue_key in redis_keys.h says what they hold).

local GROUP = 'millrace'
local NEAR_MS = 250
local COMMA, A, R = (',ar'):byte(1, 3)
local match, sub, byte = string.match, string.sub, string.byte
local STREAM =
    {high = KEYS[1], normal = KEYS[2], low = KEYS[3], taken = KEYS[4]}
local PRIORITY = {['0'] = 'high', ['1'] = 'normal', ['2'] = 'low'}
local SCHEDULED, RETRY, BODIES = KEYS[5], KEYS[6], KEYS[7]
local DONE, EXPIRY, DEAD, DEADINDEX = KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local COUNTERS, HELD, WINDOWS = KEYS[12], KEYS[13], KEYS[14]
local POINTERS, WAKE = KEYS[15], KEYS[16]

-- enum task_state
local IS_SCHEDULED, IS_READY, IS_ACTIVE, IS_RETRY, IS_DONE, IS_DEAD =
    0, 1, 2, 3, 4, 5

local function entry_parts(entry)
    local ms, seq = entry:match('^(%d+)%-(%d+)$')
    return tonumber(ms), tonumber(seq)
end

-- Adds an entry whose id is larger than `last` ('' for none), also when the
-- server's clock has stepped back: fencing grows with every lease of a task.
local function add_after(key, last, ...)
    local entry = redis.call('XADD', key, '*', ...)
    if last == '' then
        return entry
    end
    local ms, seq = entry_parts(entry)
    local last_ms, last_seq = entry_parts(last)
    if ms > last_ms or (ms == last_ms and seq > last_seq) then
        return entry
    end
    redis.call('XDEL', key, entry)
    entry = string.format('%.0f-%.0f', last_ms, last_seq + 1)
    return redis.call('XADD', key, entry, ...)
end

-- The same for a task and its x, which is left out where it is empty.
local function add_task(key, last, id, type, payload, x)
    if x == '' then
        return add_after(key, last, 'id', id, 'type', type, 'payload', payload)
    end
    return add_after(key, last, 'id', id, 'type', type, 'payload', payload,
        'x', x)
end

-- What a script needs of x: the entry of the latest lease ('' for none), the
-- priority ('1' if it is not said) and all behind "1 last=...". Only the first
-- items are looked at, since later ones may hold any text.
local function x_head(x)
    local last, rest = x:match('^1 last=(%d+%-%d+)(.*)$')
    if not last then
        last, rest = '', x:sub(2)
    end
    return last, rest:match('^ pri=(%d)') or '1', rest
end

-- The value of an item of x, numbers as digits; nil if it is not there.
local function item_in_x(x, wanted)
    local at, found = 2, nil
    while at <= #x do
        local name, n, mark, behind = x:match('^ (%a+)=(%d+)([:%-]?)()', at)
        if not name then
            break
        end
        local value = n
        if mark == ':' then
            at = behind + n
            value = x:sub(behind, at - 1)
        else
            at = mark == '-' and x:match('^%d+()', behind) or behind
        end
        found = name == wanted and value or found
    end
    return found
end

-- A body, "LEN:TYPE,LEN:PAYLOAD,X", in its three parts, and the second letter
-- of the first item of x. Raises an error if it is none.
local function body_parts(body)
    local len, at = match(body, '^(%d+):()')
    local past = at + len
    local size, from = match(body, '^,(%d+):()', past)
    local tail = from + size
    local comma, _, _, _, letter = byte(body, tail, tail + 4)
    if comma ~= COMMA then
        error('not a body')
    end
    return sub(body, at, past - 1), sub(body, from, tail - 1),
        sub(body, tail + 1), letter
end

local function point(id, stream, entry)
    redis.call('HSET', POINTERS, id, stream .. ' ' .. entry)
end

-- Adds the task with that body, and `more` to its x, if given, to the stream of
-- its priority. The stream's name and the entry. Raises an error if the body is
-- none. The letter tells of most tasks that they have neither "last" nor "pri".
local function add_body(id, body, more)
    local type, payload, x, letter = body_parts(body)
    if letter and letter ~= A and letter ~= R and not more then
        return 'normal', redis.call('XADD', STREAM.normal, '*', 'id', id,
            'type', type, 'payload', payload, 'x', x)
    end
    local last, priority = x_head(x)
    if more then
        x = (x == '' and '1' or x) .. more
    end
    local stream = PRIORITY[priority]
    return stream, add_task(STREAM[stream], last, id, type, payload, x)
end

-- Makes a task that waits in `zset` ready, adding `more` to its x. The first
-- write frees memory, so that it works at maxmemory too. False if it does not
-- wait there.
local function make_ready(zset, id, more)
    local body = redis.call('HGET', BODIES, id)
    if redis.call('ZREM', zset, id) == 0 or not body then
        return false
    end
    local stream, entry = add_body(id, body, more)
    redis.call('HDEL', BODIES, id)
    point(id, stream, entry)
    return true
end

-- Frees the key that id holds until its end.
local function free_key(key, id)
    if redis.call('HGET', HELD, key) == id .. ' 0' then
        redis.call('HDEL', HELD, key)
    end
end

-- Who holds the key at `now`, or nil.
local function holder_of(key, now)
    local held = redis.call('HGET', HELD, key)
    if not held then
        return nil
    end
    local id, til = held:match('^(%S+) (%d+)$')
    if til and til ~= '0' and tonumber(til) <= now then
        return nil
    end
    return id -- nil: foreign hands wrote there
end

-- Gives the key to id, until `til` in ms (0: until its end).
local function hold_key(key, id, til)
    redis.call('HSET', HELD, key, id .. ' ' .. til)
    if til == '0' then
        redis.call('ZREM', WINDOWS, key)
    else
        redis.call('ZADD', WINDOWS, til, key)
    end
end

local function is_pending(key, entry)
    local found = redis.pcall('XPENDING', key, GROUP, entry, entry, 1)
    return not found.err and #found > 0
end

-- The last entry of a stream that was delivered: those behind it are ready. And
-- how many are pending.
local function delivered_in(key)
    local groups = redis.pcall('XINFO', 'GROUPS', key)
    for _, group in ipairs(groups) do
        local info = {}
        for i = 1, #group, 2 do
            info[group[i]] = group[i + 1]
        end
        if info.name == GROUP then
            return info['last-delivered-id'], info.pending
        end
    end
    return '0-0', 0
end

-- Whether an entry comes after another.
local function is_entry_after(entry, other)
    local ms, seq = entry_parts(entry)
    local other_ms, other_seq = entry_parts(other)
    return ms > other_ms or (ms == other_ms and seq > other_seq)
end

-- What is told of a ready or active task (see redis_sighting.h).
local function sight(stream, item)
    local held = redis.pcall('XPENDING', STREAM[stream], GROUP, item[1],
        item[1], 1)
    if held.err or #held == 0 then
        return {IS_READY, stream, item}
    end
    return {IS_ACTIVE, stream, item, held[1][2], held[1][3], held[1][4]}
end

-- Looks for a ready or active task within `from` and `to` ms.
local function search(id, from, to)
    for _, stream in ipairs({'high', 'normal', 'low'}) do
        local start = string.format('%.0f', math.max(from, 0))
        while true do
            local page = redis.call('XRANGE', STREAM[stream], start,
                string.format('%.0f', to), 'COUNT', 500)
            for _, item in ipairs(page) do
                if item[2][2] == id then
                    return stream, item[1]
                end
            end
            if #page < 500 then
                break
            end
            start = '(' .. page[#page][1]
        end
    end
    return nil
end

-- Where a ready or active task is: its stream and entry, or nil. ms, the time
-- in its id: search around it too, outwards.
local function place_of(id, ms)
    local pointer = redis.call('HGET', POINTERS, id)
    if pointer then
        local stream, entry = pointer:match('^(%a+) (%d+%-%d+)$')
        return STREAM[stream] and stream, entry
    end
    local inner = -1
    for _, outer in ipairs(ms and {5, 20, 80, NEAR_MS} or {}) do
        local stream, entry = search(id, ms + inner + 1, ms + outer)
        if not stream then
            stream, entry = search(id, ms - outer, ms - inner - 1)
        end
        if stream then
            return stream, entry
        end
        inner = outer
    end
    return nil
end

-- Forgets the done task with that id if its retention is over at `now`.
local function forget_if_over(id, now)
    local over = redis.call('ZSCORE', EXPIRY, id)
    if over and tonumber(over) <= now then
        redis.call('ZREM', EXPIRY, id)
        redis.call('ZREM', DONE, id)
        redis.call('HDEL', BODIES, id)
    end
end

-- The state at `now` of the task with that id, or nil; ms as for place_of.
local function state_of(id, now, ms)
    forget_if_over(id, now)
    if redis.call('ZSCORE', SCHEDULED, id) then
        return IS_SCHEDULED
    elseif redis.call('ZSCORE', RETRY, id) then
        return IS_RETRY
    elseif redis.call('ZSCORE', DONE, id) then
        return IS_DONE
    elseif redis.call('HEXISTS', DEADINDEX, id) == 1 then
        return IS_DEAD
    end
    local stream, entry = place_of(id, ms)
    if not stream then
        return nil
    end
    return is_pending(STREAM[stream], entry) and IS_ACTIVE or IS_READY
end

-- Lets a task wait in `zset`; true if it is the first there.
local function wait_in(zset, id, run_at, body)
    redis.call('HSET', BODIES, id, body)
    redis.call('ZADD', zset, run_at, id)
    return redis.call('ZRANGE', zset, 0, 0)[1] == id
end

-- Ends the sleep of a worker that waits for a later time.
local function wake()
    redis.call('XADD', WAKE, 'MAXLEN', 4, '*', 'w', 1)
end

