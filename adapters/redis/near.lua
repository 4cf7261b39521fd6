-- near.lua - looks for a task in one stream, around the time in its id.
--
-- KEYS: the queue's. ARGV: the id, the stream, first and last entry to look at.
--
-- Answers a sighting (see redis_sighting.h), nothing, or, where there is more
-- than one call may look at, the entry it came to.

local PAGE = 200

local id, stream = ARGV[1], ARGV[2]
local page = redis.call('XRANGE', STREAM[stream], ARGV[3], ARGV[4],
    'COUNT', PAGE)
for _, item in ipairs(page) do
    if item[2][2] == id then
        return sight(stream, item)
    end
end
return #page == PAGE and page[PAGE][1]
