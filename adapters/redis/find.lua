-- find.lua - looks for a task in all places that are reached by its id.
--
-- KEYS: the queue's. ARGV: the id.
--
-- Answers a sighting (see redis_sighting.h), or nothing.

local id = ARGV[1]

local function waiting(zset, state)
    local score = redis.call('ZSCORE', zset, id)
    local body = score and redis.call('HGET', BODIES, id)
    return body and {state, '', body, score, id}
end

local function dead()
    local entry = redis.call('HGET', DEADINDEX, id)
    local item = entry and redis.call('XRANGE', DEAD, entry, entry)[1]
    return item and {IS_DEAD, '', item}
end

local function pointed()
    local stream, entry = place_of(id)
    local item = stream
        and redis.call('XRANGE', STREAM[stream], entry, entry)[1]
    return item and sight(stream, item)
end

return waiting(SCHEDULED, IS_SCHEDULED) or waiting(RETRY, IS_RETRY)
    or waiting(DONE, IS_DONE) or dead() or pointed()
