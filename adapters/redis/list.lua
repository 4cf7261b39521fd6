-- list.lua - the next few tasks of one state, from a place on.
--
-- KEYS: the queue's.
-- ARGV: the state, the stream ('' where the state has but one place), the
-- place (a score and an id, or the two halves of an entry's id), whether to
-- begin after it (1) or with it (0), how many.
--
-- Answers a list of sightings (see redis_sighting.h); fewer than asked for:
-- that was all.

local state, stream = tonumber(ARGV[1]), ARGV[2]
local high, low = ARGV[3], ARGV[4]
local is_after, count = ARGV[5] == '1', tonumber(ARGV[6])
local start = (is_after and '(' or '') .. high .. '-' .. low

-- How many come before the place: of those with the same score, which may be
-- very many, half are passed by with each look.
local function rank_in(zset)
    local from = redis.call('ZCOUNT', zset, '-inf', '(' .. high)
    local to = from + redis.call('ZCOUNT', zset, high, high)
    while from < to do
        local middle = math.floor((from + to) / 2)
        local id = redis.call('ZRANGE', zset, middle, middle)[1]
        if id < low or (is_after and id == low) then
            from = middle + 1
        else
            to = middle
        end
    end
    return from
end

-- Whether a list can go on from there: foreign hands may have put in anything.
local function is_place(id, score)
    return #id == 26 and id:match('^[0-7][0-9A-HJKMNP-TV-Z]+$') and
        score:match('^%d+$')
end

local function waiting(zset)
    local all, rank = {}, rank_in(zset)
    repeat
        local asked = count - #all
        local found = redis.call('ZRANGE', zset, rank, rank + asked - 1,
            'WITHSCORES')
        for i = 1, #found, 2 do
            local id, score = found[i], found[i + 1]
            local body = is_place(id, score) and redis.call('HGET', BODIES, id)
            if body then
                all[#all + 1] = {state, '', body, score, id}
            end
        end
        rank = rank + asked
    until #found < 2 * asked or #all == count
    return all
end

local function entries(key, from)
    local all = redis.call('XRANGE', key, from, '+', 'COUNT', count)
    for i, item in ipairs(all) do
        all[i] = {state, stream, item}
    end
    return all
end

local function ready()
    local delivered = delivered_in(STREAM[stream])
    local is_passed = is_entry_after(high .. '-' .. low, delivered)
    return entries(STREAM[stream], is_passed and start or '(' .. delivered)
end

-- An entry may have been deleted by hand, and its lease be left: looked over.
local function active()
    local all, from = {}, start
    repeat
        local asked = count - #all
        local held = redis.pcall('XPENDING', STREAM[stream], GROUP, from, '+',
            asked)
        for _, lease in ipairs(held) do
            local item = redis.call('XRANGE', STREAM[stream], lease[1],
                lease[1])[1]
            if item then
                all[#all + 1] = {
                    state, stream, item, lease[2], lease[3], lease[4],
                }
            end
            from = '(' .. lease[1]
        end
    until #held < asked or #all == count
    return all
end

if state == IS_SCHEDULED then
    return waiting(SCHEDULED)
elseif state == IS_RETRY then
    return waiting(RETRY)
elseif state == IS_DONE then
    return waiting(DONE)
elseif state == IS_DEAD then
    return entries(DEAD, start)
elseif state == IS_READY then
    return ready()
end
return active()
