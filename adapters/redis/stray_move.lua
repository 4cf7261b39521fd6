-- stray_move.lua - moves what can't be read out of the way: to dead letters.
--
-- KEYS: the queue's.
-- ARGV: where it lies (a stream, 'dead' or 'bodies') and there its entry or id,
-- what the hash has for it ('' of an entry), 1 if what is leased is to be left,
-- the id it says ('' for none) and the time in that, an id made for it, then
-- type, payload and x of the dead letter, and what else it was ('': nothing).
--
-- Answers 1, or 0 if it is not there any more or left. The first write frees
-- memory.

local from, place, body, is_idle = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local said, ms, made = ARGV[5], tonumber(ARGV[6]), ARGV[7]
local letter = {'type', ARGV[8], 'payload', ARGV[9], 'x', ARGV[10]}
local was = ARGV[11]

local function take_entry(key, index, value)
    if is_idle and key ~= DEAD and is_pending(key, place) then
        return false
    end
    redis.call('XACK', key, GROUP, place)
    if redis.call('XDEL', key, place) == 0 then
        return false
    end
    if said ~= '' and redis.call('HGET', index, said) == value then
        redis.call('HDEL', index, said)
    end
    return true
end

local function take_body()
    if redis.call('HGET', BODIES, place) ~= body then
        return false
    end
    redis.call('HDEL', BODIES, place)
    for _, zset in ipairs({SCHEDULED, RETRY, DONE, EXPIRY}) do
        redis.call('ZREM', zset, place)
    end
    return true
end

local function take()
    if from == 'bodies' then
        return take_body()
    elseif from == 'dead' then
        return take_entry(DEAD, DEADINDEX, place)
    end
    return take_entry(STREAM[from], POINTERS, from .. ' ' .. place)
end

-- Its own id, unless another task has that.
local function id_of_letter()
    if said == '' or state_of(said, 0, ms) then
        return made
    end
    local key = item_in_x(was, 'key') -- as far as that can be told
    if key then
        free_key(key, said)
    end
    return said
end

if not take() then
    return 0
end
local id = id_of_letter()
if was ~= '' then
    letter[#letter + 1] = 'was'
    letter[#letter + 1] = was
end
redis.call('HSET', DEADINDEX, id,
    redis.call('XADD', DEAD, '*', 'id', id, unpack(letter)))
return 1
