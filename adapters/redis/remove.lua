-- remove.lua - removes a task that is not active, or the first ones of a state.
--
-- KEYS: the queue's.
-- ARGV: 'task', its id, the stream and entry where it was seen ('' unless it is
-- reached only by its time), and the states from which it may be removed, as
-- digits; or 'state', the state, how many.
--
-- Answers, of a task, 'removed', 'other' (it is in another state), or 'unknown'
-- (not seen here); of a state how many were removed. Whatever was there is
-- freed: key, pointer, body. Of a ready stream only what is not leased is
-- deleted, entry by entry: to trim it would leave leases without a task.

local function free_key_in(x, id)
    local key = item_in_x(x, 'key')
    if key then
        free_key(key, id)
    end
end

local function field(item, name)
    for i = 1, #item[2], 2 do
        if item[2][i] == name then
            return item[2][i + 1]
        end
    end
    return ''
end

local function remove_waiting(zset, id)
    if redis.call('ZREM', zset, id) == 0 then
        return false
    end
    local body = redis.call('HGET', BODIES, id)
    redis.call('HDEL', BODIES, id)
    redis.call('ZREM', EXPIRY, id)
    if body then
        local _, _, x = body_parts(body)
        free_key_in(x, id)
    end
    return true
end

local function remove_entry(key, index, item)
    local id = field(item, 'id')
    redis.call('XDEL', key, item[1])
    redis.call('HDEL', index, id)
    free_key_in(field(item, 'x'), id)
end

local function remove_task(id, stream, entry, states)
    local function may(state)
        return states:find(state, 1, true)
    end
    for state, zset in pairs({
        [IS_SCHEDULED] = SCHEDULED, [IS_RETRY] = RETRY, [IS_DONE] = DONE,
    }) do
        if redis.call('ZSCORE', zset, id) then
            return may(state) and remove_waiting(zset, id) and 'removed'
                or 'other'
        end
    end
    local dead = redis.call('HGET', DEADINDEX, id)
    local item = dead and redis.call('XRANGE', DEAD, dead, dead)[1]
    if item then
        if not may(IS_DEAD) then
            return 'other'
        end
        remove_entry(DEAD, DEADINDEX, item)
        return 'removed'
    end

    local at, pointed = place_of(id)
    if at then
        stream, entry = at, pointed
    end
    item = entry ~= '' and redis.call('XRANGE', STREAM[stream], entry, entry)[1]
    if not item or field(item, 'id') ~= id then
        return 'unknown'
    elseif is_pending(STREAM[stream], entry) or not may(IS_READY) then
        return 'other'
    end
    remove_entry(STREAM[stream], POINTERS, item)
    return 'removed'
end

local function remove_first_waiting(zset, count)
    local ids = redis.call('ZRANGE', zset, 0, count - 1)
    for _, id in ipairs(ids) do
        remove_waiting(zset, id)
    end
    return #ids
end

local function remove_first_entries(key, index, start, count)
    local items = redis.call('XRANGE', key, start, '+', 'COUNT', count)
    for _, item in ipairs(items) do
        remove_entry(key, index, item)
    end
    return #items
end

-- What was delivered and is nobody's lease, which only foreign hands bring
-- about, counts as ready too.
local function remove_ghosts(key, count)
    local delivered, pending = delivered_in(key)
    local start, removed = '-', 0
    while removed < count and redis.call('XLEN', key) > pending do
        local page = redis.call('XRANGE', key, start, delivered, 'COUNT', 100)
        if #page == 0 then
            break
        end
        for _, item in ipairs(page) do
            if removed < count and not is_pending(key, item[1]) then
                remove_entry(key, POINTERS, item)
                removed = removed + 1
            end
        end
        start = '(' .. page[#page][1]
    end
    return removed
end

local function remove_ready(count)
    local removed = 0
    for _, stream in ipairs({'high', 'normal', 'low'}) do
        local key = STREAM[stream]
        if removed < count then
            removed = removed + remove_first_entries(key, POINTERS,
                '(' .. delivered_in(key), count - removed)
        end
        if removed < count then
            removed = removed + remove_ghosts(key, count - removed)
        end
    end
    return removed
end

local function remove_state(state, count)
    if state == IS_READY then
        return remove_ready(count)
    elseif state == IS_DEAD then
        return remove_first_entries(DEAD, DEADINDEX, '-', count)
    end
    local zsets = {
        [IS_SCHEDULED] = SCHEDULED, [IS_RETRY] = RETRY, [IS_DONE] = DONE,
    }
    return remove_first_waiting(zsets[state], count)
end

if ARGV[1] == 'task' then
    return remove_task(ARGV[2], ARGV[3], ARGV[4], ARGV[5])
end
return remove_state(tonumber(ARGV[2]), tonumber(ARGV[3]))
